{{/* Values that are each good and make no sense together. */}}
{{- define "runtime-config-operator.validate" -}}
{{- $settings := .Values.settings -}}
{{- $issuer := get $settings "oidc-issuer" | default "none" -}}
{{- $review := get $settings "token-review" | default "none" -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.name: name the service account to run as, because serviceAccount.create is false" -}}
{{- end -}}
{{- if and (ne $issuer "none") (eq (get $settings "oidc-audience" | default "none") "none") -}}
{{- fail (printf "settings.oidc-audience: name the client id of this installation at %s; tokens that it issued for others are no sign of anybody here" $issuer) -}}
{{- end -}}
{{- if eq $issuer "none" -}}
{{- range $name := list "oidc-audience" "oidc-subject-claim" "oidc-groups-claim" "oidc-create-users" -}}
{{- if hasKey $settings $name -}}
{{- fail (printf "settings.%s: needs settings.oidc-issuer; name it, or leave this out" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $issuer "none") (eq $review "none") -}}
{{- range $name := list "admin-groups" "execution-groups" -}}
{{- if ne (get $settings $name | default "none") "none" -}}
{{- fail (printf "settings.%s: needs settings.oidc-issuer or settings.token-review, because no other token names groups; name one, or leave this out" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts: name at least one host, such as {host: config.example}, because ingress.enabled is true" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: name at least one Gateway, such as {name: public}, because httpRoute.enabled is true" -}}
{{- end -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and .enabled (eq (kindIs "invalid" .minAvailable) (kindIs "invalid" .maxUnavailable)) -}}
{{- fail "podDisruptionBudget: give one of minAvailable and maxUnavailable and set the other to null" -}}
{{- end -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if .enabled -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail "autoscaling.maxReplicas: must not be below autoscaling.minReplicas" -}}
{{- end -}}
{{- if and (kindIs "invalid" .targetCPUUtilizationPercentage) (kindIs "invalid" .targetMemoryUtilizationPercentage) -}}
{{- fail "autoscaling: give targetCPUUtilizationPercentage or targetMemoryUtilizationPercentage, because autoscaling.enabled is true" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
