{{/* Environment of the server. Takes (dict "root" $). */}}
{{- define "runtime-config-operator.env" -}}
{{- $listen := .root.Values.listenAddress -}}
# No user of the image has a home; nothing is kept in this one.
- { name: HOME, value: /tmp }
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: RUNTIMECONFIG_REPLICA
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: RUNTIMECONFIG_OPERATOR_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
{{- with .root.Values }}
{{- $fixed := dict
  "store" "kubernetes"
  "listen" (include "runtime-config-operator.address" (list $listen 8080))
  "peer-listen" (include "runtime-config-operator.address" (list $listen 8081))
  "peer-url" (printf "http://%s:8081" (contains ":" $listen | ternary "[$(POD_IP)]" "$(POD_IP)"))
  "peer-token-file" "/var/run/secrets/runtime-config-operator/peers/token"
  "keyring" (printf "/etc/runtime-config-operator/keys/%s" .keys.keyring)
  "signing-key" (printf "/etc/runtime-config-operator/keys/%s" .keys.signingKey)
}}
{{- if .legacyKey.existingSecret }}
{{- $_ := set $fixed "legacy-key" (printf "/etc/runtime-config-operator/legacy/%s" .legacyKey.key) }}
{{- end }}
{{- range $setting, $value := merge $fixed .settings }}
- name: RUNTIMECONFIG_{{ $setting | upper | replace "-" "_" }}
  value: {{ kindIs "float64" $value | ternary (int64 $value) $value | toString | quote }}
{{- end }}
{{- if .caBundle.configMap }}
- { name: NODE_EXTRA_CA_CERTS, value: /etc/runtime-config-operator/ca/{{ .caBundle.key }} }
{{- end }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "runtime-config-operator.volumeMounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: api-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
- { name: peers-token, mountPath: /var/run/secrets/runtime-config-operator/peers, readOnly: true }
# A folder, not single entries: those would keep the keys of the day the pod started.
- { name: keys, mountPath: /etc/runtime-config-operator/keys, readOnly: true }
{{- if .Values.legacyKey.existingSecret }}
- { name: legacy-key, mountPath: /etc/runtime-config-operator/legacy, readOnly: true }
{{- end }}
{{- if .Values.caBundle.configMap }}
- { name: ca-bundle, mountPath: /etc/runtime-config-operator/ca, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "runtime-config-operator.volumes" -}}
- name: tmp
  emptyDir: { medium: Memory, sizeLimit: 16Mi }
# What a pod gets by default, made here because the service account does not give it to every pod.
- name: api-token
  projected:
    defaultMode: 256 # 0400
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3607 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
      - downwardAPI: { items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }] }
# Shown to other replicas. Good for nothing else: the API server refuses it.
- name: peers-token
  projected:
    defaultMode: 256 # 0400
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3600, audience: runtime-config-operator/peers }
- name: keys
  secret:
    secretName: {{ include "runtime-config-operator.keysSecretName" . }}
    defaultMode: 256 # 0400
    items:
      - { key: {{ .Values.keys.keyring | quote }}, path: {{ .Values.keys.keyring | quote }} }
      - { key: {{ .Values.keys.signingKey | quote }}, path: {{ .Values.keys.signingKey | quote }} }
{{- with .Values.legacyKey }}
{{- if .existingSecret }}
- name: legacy-key
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 256 # 0400
    items: [{ key: {{ .key | quote }}, path: {{ .key | quote }} }]
{{- end }}
{{- end }}
{{- with .Values.caBundle }}
{{- if .configMap }}
- name: ca-bundle
  configMap:
    name: {{ .configMap }}
    items: [{ key: {{ .key | quote }}, path: {{ .key | quote }} }]
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
