// An environment for real mail:
//   az deployment sub create --location westeurope --parameters infra/prod.bicepparam
using 'main.bicep'

param environmentName = 'prod'
param location = 'westeurope'

// The application (client) ID of the service's app registration.
param authAudience = '00000000-0000-0000-0000-000000000000'

// Object IDs of the identities that put messages on the queue email-in.
param producerPrincipalIds = []

param instanceMemoryMB = 2048
param maximumInstanceCount = 100
param storageSku = 'Standard_ZRS'
param logRetentionDays = 90
param keyRecoveryDays = 90

// Who is told when something needs a look.
param alertEmail = ''
