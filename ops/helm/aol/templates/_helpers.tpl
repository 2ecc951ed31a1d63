{{- define "aol.labels" -}}
app.kubernetes.io/name: aol
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "aol.selector" -}}
app.kubernetes.io/name: aol
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "aol.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "aol.claim" -}}
{{ .Values.artifacts.existingClaim | default (printf "%s-artifacts" .Release.Name) }}
{{- end }}

{{/* What holds every pod: not root, no rights, a read-only root. */}}
{{- define "aol.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "aol.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* What worker and API both need. */}}
{{- define "aol.env" -}}
- { name: TEMPORAL_ADDRESS, value: {{ .Values.temporal.address | quote }} }
- { name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }} }
- { name: AOL_PUBLIC_URL, value: {{ .Values.publicUrl | quote }} }
- { name: AOL_ARTIFACTS, value: 'file:/var/lib/aol/artifacts' }
{{- end }}

{{- define "aol.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
