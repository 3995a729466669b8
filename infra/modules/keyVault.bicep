// The key that the keys of tenants' secrets are wrapped by. Without it they are lost, so it can't be purged.

import { tagTexts } from 'types.bicep'

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags.')
param tags tagTexts

@description('Days for which a deleted vault or key can be recovered.')
param recoveryDays int

@description('Whether to recover a deleted vault of this name.')
param recover bool

@description('Name of the identity of the service.')
param identityName string

@description('Object ID of the identity.')
param principalId string

@description('Resource ID of the workspace for logs.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    createMode: recover ? 'recover' : 'default'
    enableRbacAuthorization: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: recoveryDays
  }
}

resource key 'Microsoft.KeyVault/vaults/keys@2024-11-01' = {
  parent: vault
  name: 'email'
  tags: tags
  properties: {
    kty: 'RSA'
    keySize: 2048
    keyOps: ['wrapKey', 'unwrapKey']
    // A new version each year. Old ones unwrap for as long as they are enabled, also after they expire.
    rotationPolicy: {
      attributes: { expiryTime: 'P2Y' }
      lifetimeActions: [
        { action: { type: 'rotate' }, trigger: { timeAfterCreate: 'P1Y' } }
        { action: { type: 'notify' }, trigger: { timeBeforeExpiry: 'P30D' } }
      ]
    }
  }
}

// Needed to read the public half and to unwrap: src/EmailFunctions/Keys/KeyVault/KeyVaultClient.cs. On the key alone.
resource encryptionUser 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: key
  name: guid(key.id, identityName, 'Key Vault Crypto Service Encryption User')
  properties: {
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      'e147488a-f6f5-4113-8e2d-b22465e65bf6'
    )
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// Who used the key, and who changed it.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

@description('The key, without a version.')
output keyUrl string = key.properties.keyUri
