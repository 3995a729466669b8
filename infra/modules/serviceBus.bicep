// Two queues. Producers may send to email-in; to email-dispatch only the service, so that nobody can forge a reference to another
// tenant's message.

import { tagTexts } from 'types.bicep'

@description('Name of the namespace.')
@minLength(6)
@maxLength(50)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagTexts

@description('Name of the identity of the service.')
param identityName string

@description('Object ID of the identity.')
param principalId string

@description('Object IDs of the event producers.')
param producerPrincipalIds string[]

@description('Resource ID of the workspace for logs.')
param workspaceId string

var receiverRole = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
)
var senderRole = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
)

var queueProperties = {
  lockDuration: 'PT5M'
  maxDeliveryCount: 10
  deadLetteringOnMessageExpiration: true
  // It would drop replays without a word, and another tenant's message with the same id. The ledger knows what is double.
  requiresDuplicateDetection: false
  maxSizeInMegabytes: 5120
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }

  resource ingest 'queues' = {
    name: 'email-in'
    properties: queueProperties
  }

  resource dispatch 'queues' = {
    name: 'email-dispatch'
    properties: queueProperties
  }
}

// Needed by the triggers IngestEmail and, for its dead letters, RecoverIngest: src/EmailFunctions/Functions/TriggerCatalog.cs.
// A queue's role covers its dead-letter queue.
resource ingestReceiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace::ingest
  name: guid(namespace::ingest.id, identityName, 'Azure Service Bus Data Receiver')
  properties: { roleDefinitionId: receiverRole, principalId: principalId, principalType: 'ServicePrincipal' }
}

// Needed by the triggers DispatchEmail and RecoverDispatch: src/EmailFunctions/Functions/TriggerCatalog.cs.
resource dispatchReceiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace::dispatch
  name: guid(namespace::dispatch.id, identityName, 'Azure Service Bus Data Receiver')
  properties: { roleDefinitionId: receiverRole, principalId: principalId, principalType: 'ServicePrincipal' }
}

// Needed to put references on the queue: src/EmailFunctions/Queueing/ServiceBus/ServiceBusDeliveryQueue.cs.
resource dispatchSender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace::dispatch
  name: guid(namespace::dispatch.id, identityName, 'Azure Service Bus Data Sender')
  properties: { roleDefinitionId: senderRole, principalId: principalId, principalType: 'ServicePrincipal' }
}

// Needed by event producers, whose messages src/EmailFunctions/Ingest/ProducerInbox.cs takes. Of no stated type: they may be services,
// groups or people.
resource producers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for producerId in producerPrincipalIds: {
    scope: namespace::ingest
    name: guid(namespace::ingest.id, producerId, 'Azure Service Bus Data Sender')
    properties: { roleDefinitionId: senderRole, principalId: producerId }
  }
]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'OperationalLogs', enabled: true }]
  }
}

@description('Resource ID of the namespace.')
output id string = namespace.id

@description('Where it is reached.')
output host string = replace(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':443/', '')
