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

@description('Region.')
param location string

@description('Resource ID of the Application Insights component that has the metrics.')
param insightsId string

@description('A rule over the metrics of the service: what is above or below its threshold is what the query brings, by the columns in dimensions.')
type metricRule = {
  name: string
  severity: 1 | 2
  description: string
  window: 'PT5M' | 'PT15M'
  @description('How many windows in a row must be so.')
  periods: 1 | 2
  query: string
  column: string
  aggregation: 'Minimum' | 'Maximum' | 'Total'
  operator: 'LessThan' | 'GreaterThan' | 'GreaterThanOrEqual'
  threshold: int
  dimensions: string[]
}

// The same as infra/monitoring/prometheus/alerts.yml; what they mean and what to do is in docs/alerts.md. A counter's valueSum is what it grew by, over
// all instances; a gauge of the store is the same at each, but for the minute until each has read what one wrote. Rows come every ten seconds, and none of a counter that did not move.
// With several periods a query must have a row for each: by bins. With one it must have none, since a bin begins with the clock and not with the window.
var rules metricRule[] = [
  {
    name: 'email-success-rate-low'
    severity: 1
    description: 'Under 95 % of the messages that came to their end were sent, for 10 minutes. Look by email_provider_errors_total which error grows and whose; mend the provider or its credentials; replay the dead letters. docs/alerts.md#emailsuccessratelow'
    window: 'PT5M'
    periods: 2
    query: '''
customMetrics
| where name == "email_delivery_total"
| extend status = tostring(customDimensions.status)
| where status in ("success", "failed")
| summarize succeeded = sumif(valueSum, status == "success"), ended = sum(valueSum) by bin(timestamp, 5m)
| where ended > 0
| project timestamp, rate = 100.0 * succeeded / ended
'''
    column: 'rate'
    aggregation: 'Minimum'
    operator: 'LessThan'
    threshold: 95
    dimensions: []
  }
  {
    name: 'email-provider-unhealthy'
    severity: 2
    description: 'The last that any instance heard of this provider of this tenant, for 5 minutes: it does not take mail. GET /api/v1/email/configs/{tenant_id}/health says why; its mail waits or goes through the fallback. docs/alerts.md#emailproviderunhealthy'
    window: 'PT5M'
    periods: 1
    query: '''
customMetrics
| where name == "email_provider_health"
| summarize healthy = max(valueMax) by provider = tostring(customDimensions.provider), tenant_id = tostring(customDimensions.tenant_id)
'''
    column: 'healthy'
    aggregation: 'Maximum'
    operator: 'LessThan'
    threshold: 1
    dimensions: ['provider', 'tenant_id']
  }
  {
    // 0.1 a second.
    name: 'email-rate-limit-hits-high'
    severity: 2
    description: 'More than 90 messages within 15 minutes met a limit of their tenant. They are late, not lost. Find the tenant by email_rate_limit_hits_total; raise its limit, or ask it to send more slowly. docs/alerts.md#emailratelimithitshigh'
    window: 'PT15M'
    periods: 1
    query: '''
customMetrics
| where name == "email_rate_limit_hits_total"
| summarize hits = sum(valueSum)
'''
    column: 'hits'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 90
    dimensions: []
  }
  {
    // Histograms have no buckets here. P99 is over 5 s exactly where more than 1 % of the calls took longer than that.
    name: 'email-delivery-slow'
    severity: 2
    description: 'More than 1 % of the calls of providers took longer than 5 seconds, for 10 minutes: P99 is over 5 s. Find the provider by email_delivery_slow_total; look at its status page and the network on the way to it. docs/alerts.md#emaildeliveryslow'
    window: 'PT5M'
    periods: 2
    query: '''
customMetrics
| where name in ("email_delivery_slow_total", "email_delivery_duration_seconds")
| summarize slow = sumif(valueSum, name == "email_delivery_slow_total"), calls = sumif(valueCount, name == "email_delivery_duration_seconds") by bin(timestamp, 5m)
| where calls > 0
| project timestamp, slowPercent = 100.0 * slow / calls
'''
    column: 'slowPercent'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 1
    dimensions: []
  }
  {
    name: 'email-dead-letters'
    severity: 2
    description: 'Messages used up their attempts, or could not be accepted from a producer, within 15 minutes. GET /api/v1/admin/email/dead-letters lists them with their reasons; mend what they name, then replay or discard them. docs/alerts.md#emaildeadletters'
    window: 'PT15M'
    periods: 1
    query: '''
customMetrics
| where name == "email_dead_letters_total"
| summarize letters = sum(valueSum)
'''
    column: 'letters'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
    dimensions: []
  }
  {
    // The gauge is 100, too, while the next message does not fit. What is refused, or dearer than the whole budget, stands in no line, but hits it.
    name: 'email-budget-used-up'
    severity: 2
    description: 'The monthly budget of this tenant is used up, or what is left is less than its next message costs; its mail waits until the month (UTC) is over, or is refused where it wants it so. Ask the tenant, and raise monthly_budget_usd if it agrees. docs/alerts.md#emailbudgetusedup'
    window: 'PT15M'
    periods: 1
    query: '''
customMetrics
| where (name == "email_quota_utilization" and tostring(customDimensions.quota_type) == "monthly")
    or (name == "email_rate_limit_hits_total" and tostring(customDimensions.limit_type) == "monthly_budget" and valueSum > 0)
| summarize used = max(iff(name == "email_quota_utilization", valueMax, 100.0)) by tenant_id = tostring(customDimensions.tenant_id)
'''
    column: 'used'
    aggregation: 'Maximum'
    operator: 'GreaterThanOrEqual'
    threshold: 100
    dimensions: ['tenant_id']
  }
  {
    name: 'email-key-access-failing'
    severity: 1
    description: 'The key in Key Vault could not be used again and again for 10 minutes; a single damaged key of a tenant does not count. Keys that were unwrapped before serve for 5 minutes; after that mail waits. The log names the key and the answer; look at the state of the key, the role of the service on it, and the network. docs/alerts.md#emailkeyaccessfailing'
    window: 'PT5M'
    periods: 2
    query: '''
customMetrics
| where name == "email_key_failures_total"
| summarize failures = sum(valueSum) by bin(timestamp, 5m)
'''
    column: 'failures'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 0
    dimensions: []
  }
]

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

resource metricRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${rule.name}-${token}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.name
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [insightsId]
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      autoMitigate: true
      // Before the first mail there is no table of metrics to hold the query against.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.column
            operator: rule.operator
            threshold: rule.threshold
            dimensions: [for dimension in rule.dimensions: { name: dimension, operator: 'Include', values: ['*'] }]
            failingPeriods: { numberOfEvaluationPeriods: rule.periods, minFailingPeriodsToAlert: rule.periods }
          }
        ]
      }
      actions: { actionGroups: empty(email) ? [] : [people.id] }
    }
  }
]

// Only Service Bus itself knows how many messages wait: the service would need the right to change the queues. Active ones are due; those that wait
// for a slot are scheduled. A criterion may name one queue only where there are several.
resource queueStuck 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for queue in ['email-in', 'email-dispatch']: {
    name: 'email-queue-stuck-${queue}-${token}'
    location: 'global'
    tags: tags
    properties: {
      description: 'The queue ${queue} held messages that are due for 15 minutes, and not one was completed. GET /health says whether store, queue and key can be used; look whether its function is disabled, and into the log. docs/alerts.md#emailqueuestuck'
      severity: 1
      enabled: true
      scopes: [serviceBusId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'waits'
            metricNamespace: 'Microsoft.ServiceBus/namespaces'
            metricName: 'ActiveMessages'
            timeAggregation: 'Minimum'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [queue] }]
          }
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'nothing'
            metricNamespace: 'Microsoft.ServiceBus/namespaces'
            metricName: 'CompleteMessage'
            timeAggregation: 'Total'
            operator: 'LessThanOrEqual'
            threshold: 0
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [queue] }]
          }
        ]
      }
      actions: empty(email) ? [] : [{ actionGroupId: people.id }]
    }
  }
]
