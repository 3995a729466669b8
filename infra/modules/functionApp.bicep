// The service: a custom handler on Flex Consumption.

import { settingTexts, tagTexts } from 'types.bicep'

@description('The part of the names that makes them unique.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags tagTexts

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('The most instances.')
param maximumInstanceCount int

@description('Resource ID of the identity.')
param identityId string

@description('Client ID of the identity.')
param identityClientId string

@description('Name of the storage account.')
param storageAccountName string

@description('Where the package lies.')
param packageContainerUrl string

@description('Host of the Service Bus namespace.')
param serviceBusHost string

@description('The key-encryption key.')
param keyUrl string

@description('Where telemetry goes.')
param applicationInsightsConnectionString string

@description('Issuer of access tokens.')
param authAuthority string

@description('Audience of access tokens.')
param authAudience string

@description('More settings of the service.')
param settings settingTexts

// Each function on a queue has a twin on the storage account's queues, which are not used here.
var twins = [
  'IngestEmailFromStorage'
  'DispatchEmailFromStorage'
  'RecoverIngestFromStorage'
  'RecoverDispatchFromStorage'
]
var disabledTwins = toObject(twins, twin => 'AzureWebJobs.${twin}.Disabled', twin => 'true')

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-email-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-email-${token}'
  location: location
  // By the second tag azd finds where to deploy the service of azure.yaml.
  tags: union(tags, { 'azd-service-name': 'email' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      // A wrong name or version is taken without an error, and the app never starts.
      runtime: { name: 'custom', version: '1.0' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
    }
  }

  resource scmPublishing 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource ftpPublishing 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, disabledTwins, {
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      ServiceBus__fullyQualifiedNamespace: serviceBusHost
      ServiceBus__credential: 'managedidentity'
      ServiceBus__clientId: identityClientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      AZURE_CLIENT_ID: identityClientId
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
      EMAIL_MODE: 'azure'
      EMAIL_QUEUE: 'servicebus'
      EMAIL_KEY_VAULT_KEY: keyUrl
      EMAIL_AUTH: 'required'
      EMAIL_AUTH_AUTHORITY: authAuthority
      EMAIL_AUTH_AUDIENCE: authAudience
    })
  }
}

@description('Where the service is called.')
output uri string = 'https://${app.properties.defaultHostName}'

@description('Name of the app.')
output name string = app.name
