// Who the service is. The roles that it has are beside the resources that they are for.

import { tagTexts } from 'types.bicep'

@description('Name of the identity.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagTexts

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

@description('Resource ID.')
output id string = identity.id

@description('Object ID, for role assignments.')
output principalId string = identity.properties.principalId

@description('Client ID, by which code asks for a token.')
output clientId string = identity.properties.clientId
