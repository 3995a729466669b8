# After azd deploy: the next call. azd sets the variables from the outputs of infra/main.bicep.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Write-Host @"

The service is deployed. Ask it whether it is ready:

  Invoke-RestMethod $env:SERVICE_EMAIL_URI/health

Then give a tenant a mail server, and send, with a token of an admin (see docs/azure.md):

  `$token = az account get-access-token --scope '$env:EMAIL_AUTH_AUDIENCE/.default' --query accessToken --output tsv
  Invoke-RestMethod $env:SERVICE_EMAIL_URI/api/v1/email/configs/acme -Method Post -Headers @{ Authorization = "Bearer `$token" } -ContentType application/json ``
    -Body '{"provider_type":"smtp","smtp_host":"mail.example.com","smtp_username":"acme","smtp_password":"secret","from_email":"hello@example.com"}'
  Invoke-RestMethod $env:SERVICE_EMAIL_URI/api/v1/email/send -Method Post -Headers @{ Authorization = "Bearer `$token" } -ContentType application/json ``
    -Body '{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello, you."}'

All paths: $env:SERVICE_EMAIL_URI/docs

"@
