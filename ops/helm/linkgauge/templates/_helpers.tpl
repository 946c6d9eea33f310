{{- define "linkgauge.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 45 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 45 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "linkgauge.selector" -}}
app.kubernetes.io/name: linkgauge
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "linkgauge.labels" -}}
{{ include "linkgauge.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "linkgauge.metadata" -}}
name: {{ include "linkgauge.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "linkgauge.labels" . | nindent 2 }}
{{- end }}

{{- define "linkgauge.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end }}
{{- end }}

{{- define "linkgauge.account" -}}
{{ .Values.serviceAccount.name | default (ternary (include "linkgauge.name" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* What is the same in the pod of every role: who runs it, where it may go. */}}
{{- define "linkgauge.pod" -}}
serviceAccountName: {{ include "linkgauge.account" .root }}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .role.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .role.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .role.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .role.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .role.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    labelSelector:
      matchLabels: {{ include "linkgauge.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
volumes:
  - name: settings
    configMap: {name: {{ include "linkgauge.name" .root }}-settings}
  - name: tmp
    emptyDir: {sizeLimit: 64Mi}
  {{- with .root.Values.kafka.tlsSecret }}
  - name: tls
    secret: {secretName: {{ . }}, defaultMode: 0440}
  {{- end }}
{{- end }}

{{/* What is the same in the container of every role. */}}
{{- define "linkgauge.container" -}}
image: {{ include "linkgauge.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- with .root.Values.kafka.existingSecret }}
envFrom:
  - secretRef: {name: {{ . }}}
{{- end }}
resources: {{ toYaml .role.resources | nindent 2 }}
volumeMounts:
  - {name: settings, mountPath: /etc/linkgauge/linkgauge.toml, subPath: {{ .component }}.toml, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  {{- if .root.Values.kafka.tlsSecret }}
  - {name: tls, mountPath: /etc/linkgauge/tls, readOnly: true}
  {{- end }}
{{- end }}

{{/* A change of a role's settings restarts its pods. */}}
{{- define "linkgauge.podMetadata" -}}
labels:
  {{- include "linkgauge.labels" . | nindent 2 }}
annotations:
  checksum/settings: {{ include "linkgauge.settings" . | sha256sum }}
{{- end }}

{{/* linkgauge.toml of a role. Workers and topics are told of no more than the workers' section: a change of links need not restart them. */}}
{{- define "linkgauge.settings" -}}
{{- $kafka := .root.Values.kafka }}
{{- $broker := dict "bootstrap" $kafka.bootstrap "topic_prefix" $kafka.topicPrefix "partitions" $kafka.partitions "replication_factor" $kafka.replicationFactor "client" $kafka.client }}
{{- $all := deepCopy .root.Values.settings }}
{{- $settings := ternary (pick $all "worker") $all (has .component (list "worker" "topics")) }}
{{- merge (dict "broker" $broker) $settings | toToml }}
{{- end }}

{{- define "linkgauge.probes" -}}
startupProbe: # not readiness: a worker without a partition is never ready, and needs no restart
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 5
  failureThreshold: 120
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 10
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}
