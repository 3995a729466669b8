// What somebody should look at.

import { tagTexts } from 'types.bicep'

@description('The part of the names that makes them unique.')
param token string

@description('Tags.')
param tags tagTexts

@description('Who is told; empty: nobody.')
param email string

@description('Resource ID of the Service Bus namespace.')
param serviceBusId string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-email-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'email'
    enabled: true
    emailReceivers: [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// Functions bring dead letters of the queues back to the ledger. Ones that stay say that these functions fail.
resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'dead-letters-email-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Messages stay in the dead-letter queue of email-in or email-dispatch: RecoverIngest or RecoverDispatch fails.'
    severity: 1
    enabled: true
    scopes: [serviceBusId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'stay'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          timeAggregation: 'Minimum'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['email-in', 'email-dispatch'] }]
        }
      ]
    }
    actions: empty(email) ? [] : [{ actionGroupId: people.id }]
  }
}
