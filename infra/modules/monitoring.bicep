// Logs and metrics.

import { tagTexts } from 'types.bicep'

@description('The part of the names that makes them unique.')
param token string

@description('Region.')
param location string

@description('Tags.')
param tags tagTexts

@description('Days for which logs are kept.')
param retentionDays int

@description('Name of the identity of the service.')
param identityName string

@description('Object ID of the identity.')
param principalId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-email-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-email-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    // The connection string alone lets nobody in: it names the place, and the identity below may write there.
    DisableLocalAuth: true
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // A workbook is named by a GUID.
  name: guid(insights.id, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Email'
    description: 'What is sent for whom, what it costs, what waits, and what fails.'
    category: 'workbook'
    sourceId: insights.id
    version: 'Notebook/1.0'
    serializedData: replace(loadTextContent('../monitoring/azure/workbook.json'), '{insightsId}', insights.id)
  }
}

// Needed by the host's telemetry: src/EmailFunctions/host.json, "telemetryMode".
resource metricsPublisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, identityName, 'Monitoring Metrics Publisher')
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      '3913510d-42f4-4e42-8a64-420c390055eb'
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Resource ID of the workspace.')
output workspaceId string = workspace.id

@description('Where telemetry goes; no secret, see above.')
output connectionString string = insights.properties.ConnectionString

@description('Resource ID of the Application Insights component.')
output insightsId string = insights.id
