// A small environment to try things in:
//   az deployment sub create --location westeurope --parameters infra/dev.bicepparam
using 'main.bicep'

param environmentName = 'dev'
param location = 'westeurope'

// The application (client) ID of the service's app registration.
param authAudience = '00000000-0000-0000-0000-000000000000'

// The smallest instances, and the fewest that the plan allows as a limit.
param instanceMemoryMB = 512
param maximumInstanceCount = 40

// One datacentre will do, and a vault that is deleted is gone soon.
param storageSku = 'Standard_LRS'
param keyRecoveryDays = 7
