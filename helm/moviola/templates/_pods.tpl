{{/*
What every pod has: (list root scheduling). Service links would put MOVIOLA_PORT=tcp://... into the
environment of a release of this name.
*/}}
{{- define "moviola.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ include "moviola.fullname" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with index . 1 }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What every container has: (list root values-of-the-component). */}}
{{- define "moviola.container" -}}
{{- $values := index . 1 -}}
image: {{ include "moviola.image" (list (index . 0) $values.image) | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources:
  {{- toYaml $values.resources | nindent 2 }}
{{- end }}

{{/* Environment of gateway and worker. */}}
{{- define "moviola.env" -}}
{{- with .Values.redis }}
{{- if not .enabled }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      {{- toYaml .urlSecret | nindent 6 }}
{{- else }}
{{- with .passwordSecret }}
{{- if .name }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      {{- toYaml . | nindent 6 }}
{{- end }}
{{- end }}
- name: REDIS_URL
  value: redis://{{ if .passwordSecret.name }}:$(REDIS_PASSWORD)@{{ end }}{{ include "moviola.fullname" $ }}-redis:6379/0
{{- end }}
{{- end }}
{{- if .Values.webhooks.secret.name }}
- name: MOVIOLA_WEBHOOK_SECRET
  valueFrom:
    secretKeyRef:
      {{- toYaml .Values.webhooks.secret | nindent 6 }}
{{- end }}
{{- end }}
