{{/* Triton's container. In a worker's pod it listens to that worker alone. */}}
{{- define "moviola.triton" -}}
{{- with .Values.triton }}
- name: triton
  {{- include "moviola.container" (list $ .) | nindent 2 }}
  args:
    - sh
    - /opt/moviola/triton.sh
    {{- if eq .mode "sidecar" }}
    - --grpc-address=127.0.0.1
    {{- end }}
    {{- with .modelConfigName }}
    - --model-config-name={{ . }}
    {{- end }}
  env:
    - name: MOVIOLA_THREADS
      valueFrom:
        resourceFieldRef: {containerName: triton, resource: limits.cpu}
    {{- if .modelRepository.existingClaim }}
    - {name: MODEL_REPOSITORY, value: /models}
    {{- end }}
  ports:
    {{- if ne .mode "sidecar" }}
    - {name: grpc, containerPort: 8001}
    {{- end }}
    - {name: metrics, containerPort: 8002}
  startupProbe:
    exec: {command: [python3, /opt/moviola/triton_probe.py, ready]}
    periodSeconds: 5
    timeoutSeconds: 5
    failureThreshold: {{ ceil (divf .startSeconds 5) }}
  livenessProbe:
    exec: {command: [python3, /opt/moviola/triton_probe.py, live]}
    periodSeconds: 10
    timeoutSeconds: 10
  readinessProbe:
    exec: {command: [python3, /opt/moviola/triton_probe.py, ready]}
    periodSeconds: 10
    timeoutSeconds: 10
  volumeMounts:
    - {name: shm, mountPath: /dev/shm}
    - {name: triton-tmp, mountPath: /tmp}
    {{- if .modelRepository.existingClaim }}
    - {name: models, mountPath: /models, readOnly: true}
    {{- end }}
{{- end }}
{{- end }}

{{- define "moviola.tritonVolumes" -}}
{{- with .Values.triton }}
- name: shm
  emptyDir: {medium: Memory, sizeLimit: {{ .shmSize }}}
- name: triton-tmp
  emptyDir: {sizeLimit: 1Gi}
{{- with .modelRepository.existingClaim }}
- name: models
  persistentVolumeClaim: {claimName: {{ . }}, readOnly: true}
{{- end }}
{{- end }}
{{- end }}

{{- define "moviola.metrics" -}}
{{- with .Values.networkPolicy.metricsFrom }}
ingress:
  - from:
      {{- toYaml . | nindent 6 }}
    ports:
      - {protocol: TCP, port: 8002}
{{- end }}
{{- end }}
