{{/* The name that everything of a release begins with; 40 characters leave room for what follows. */}}
{{- define "runtime-config-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "runtime-config-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "runtime-config-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "runtime-config-operator.releaseLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What pods of the server are found by: it cannot change in the life of a Deployment. */}}
{{- define "runtime-config-operator.selectorLabels" -}}
{{ include "runtime-config-operator.releaseLabels" . }}
app.kubernetes.io/component: server
{{- end }}

{{- define "runtime-config-operator.labels" -}}
{{ include "runtime-config-operator.releaseLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: runtime-config-operator
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* `annotations:` of an object, or nothing. Takes (list $ own-annotations). */}}
{{- define "runtime-config-operator.annotations" -}}
{{- $all := merge (dict) (index . 1 | default dict) ((index . 0).Values.commonAnnotations | default dict) -}}
{{- with $all }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* `metadata:` of a namespaced object of the release. Takes (dict "root" $ "name" … "annotations" … "labels" …). */}}
{{- define "runtime-config-operator.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
{{ include "runtime-config-operator.clusterMetadata" (omit . "name") }}
{{- end }}

{{/* The same without name and namespace. */}}
{{- define "runtime-config-operator.clusterMetadata" -}}
{{- with .name -}}
name: {{ . }}
{{ end -}}
labels:
  {{- include "runtime-config-operator.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- include "runtime-config-operator.annotations" (list .root .annotations) }}
{{- end }}

{{- define "runtime-config-operator.keysSecretName" -}}
{{- default (printf "%s-keys" (include "runtime-config-operator.fullname" .)) .Values.keys.existingSecret -}}
{{- end }}

{{/* 32 random bytes as base64url without padding. */}}
{{- define "runtime-config-operator.randomKey" -}}
{{- randBytes 32 | replace "+" "-" | replace "/" "_" | trimSuffix "=" -}}
{{- end }}

{{- define "runtime-config-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Host and port as a URL has them. Takes (list host port). */}}
{{- define "runtime-config-operator.address" -}}
{{- $format := contains ":" (index . 0) | ternary "[%s]:%v" "%s:%v" -}}
{{- printf $format (index . 0) (index . 1) -}}
{{- end }}
