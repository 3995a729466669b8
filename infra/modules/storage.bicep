// The ledger (a table), contents that are too large for it (blobs), and what the Functions host keeps.

import { tagTexts } from 'types.bicep'

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagTexts

@description('Redundancy.')
param sku string

@description('Name of the identity of the service.')
param identityName string

@description('Object ID of the identity.')
param principalId string

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      // A content that was sent is deleted, and stays so: it is personal data.
      deleteRetentionPolicy: { enabled: false }
      containerDeleteRetentionPolicy: { enabled: false }
    }

    resource package 'containers' = {
      name: 'deployment-package'
    }

    resource payloads 'containers' = {
      name: 'email-payloads'
    }
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource ledger 'tables' = {
      name: 'emailfunctions'
    }
  }
}

// Needed by the host for the leases of timers and its own keys (src/EmailFunctions/Functions/TriggerFunction.cs, TimerTrigger), for the package that
// it runs, and by the store of payloads (src/EmailFunctions/Payloads/Blobs/BlobPayloadStore.cs). On the account, since the host makes containers of its own.
resource blobOwner 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, identityName, 'Storage Blob Data Owner')
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// Needed by the entity table: src/EmailFunctions/Storage/AzureTables/AzureEntityTable.cs. On this table alone.
resource tableContributor 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account::tables::ledger
  name: guid(account::tables::ledger.id, identityName, 'Storage Table Data Contributor')
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Name of the account.')
output name string = account.name

@description('Where the package of the function app lies.')
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${account::blobs::package.name}'
