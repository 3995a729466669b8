// Everything that the service needs in Azure, in one resource group: `azd up`, or
//   az deployment sub create --location <region> --parameters infra/prod.bicepparam
import { settingTexts, tagTexts } from 'modules/types.bicep'

targetScope = 'subscription'

@description('Name of the environment. Names of resources are derived from it, whatever characters it has.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources. It must offer Flex Consumption.')
@minLength(1)
param location string

@description('What access tokens for the service name as their audience: the application (client) ID of its app registration, whose tokens are of version 2.')
@minLength(1)
param authAudience string

@description('Issuer of access tokens. Default: this directory.')
param authAuthority string = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'

@description('Object IDs of the identities that may put messages on the queue email-in.')
param producerPrincipalIds string[] = []

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('The most instances that may run at once.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('Redundancy of the storage account, which holds every accepted message. ZRS outlives the loss of a datacentre.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Days for which logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Days for which a deleted vault or key can be recovered. It can be set once only.')
@minValue(7)
@maxValue(90)
param keyRecoveryDays int = 90

@description('Whether to recover the vault that a deleted environment of this name left behind; else its name is taken.')
param recoverKeyVault bool = false

@description('Address that alerts are sent to. Empty: they are shown in the portal only.')
param alertEmail string = ''

@description('More settings of the service, by the names in docs/settings.md. They go before those that are derived from the resources.')
param settings settingTexts = {}

@description('Tags of all resources, beside those of azd.')
param tags tagTexts = {}

// The name of a resource that is known all over Azure has these 13 characters (a-z, 2-7): the environment's own name may be too long for it,
// have upper case, dots or brackets, or be taken by somebody else.
var token = uniqueString(subscription().id, toLower(environmentName), location)
var identityName = 'id-email-${token}'
var allTags = union(tags, { 'azd-env-name': environmentName })

// A group's name may hold all that an environment's may, but must not end with a dot.
resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}-email'
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: identityName, location: location, tags: allTags }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: allTags
    retentionDays: logRetentionDays
    identityName: identityName
    principalId: identity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: allTags
    sku: storageSku
    identityName: identityName
    principalId: identity.outputs.principalId
  }
}

module serviceBus 'modules/serviceBus.bicep' = {
  scope: group
  params: {
    name: 'sbns-email-${token}'
    location: location
    tags: allTags
    identityName: identityName
    principalId: identity.outputs.principalId
    producerPrincipalIds: producerPrincipalIds
    workspaceId: monitoring.outputs.workspaceId
  }
}

module keyVault 'modules/keyVault.bicep' = {
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: allTags
    recoveryDays: keyRecoveryDays
    recover: recoverKeyVault
    identityName: identityName
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module app 'modules/functionApp.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: allTags
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    packageContainerUrl: storage.outputs.packageContainerUrl
    serviceBusHost: serviceBus.outputs.host
    keyUrl: keyVault.outputs.keyUrl
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    authAuthority: authAuthority
    authAudience: authAudience
    settings: settings
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    token: token
    tags: allTags
    email: alertEmail
    serviceBusId: serviceBus.outputs.id
    location: location
    insightsId: monitoring.outputs.insightsId
  }
}

@description('Where the service is called.')
output SERVICE_EMAIL_URI string = app.outputs.uri

@description('The function app.')
output SERVICE_EMAIL_NAME string = app.outputs.name

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Where event producers send, to the queue email-in.')
output SERVICE_BUS_HOST string = serviceBus.outputs.host

@description('What access tokens name as their audience.')
output EMAIL_AUTH_AUDIENCE string = authAudience
