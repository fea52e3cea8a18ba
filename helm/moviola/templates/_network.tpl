{{/* Egress to names and Redis, which gateway and worker need. */}}
{{- define "moviola.egress" -}}
{{- with .Values.networkPolicy.dnsTo }}
- to:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}
- to:
    {{- if .Values.redis.enabled }}
    - podSelector:
        matchLabels:
          {{- include "moviola.selector" (list . "redis") | nindent 10 }}
    {{- else }}
    {{- toYaml .Values.networkPolicy.redisTo | nindent 4 }}
    {{- end }}
  ports:
    - {protocol: TCP, port: {{ .Values.redis.enabled | ternary 6379 .Values.networkPolicy.redisPort }}}
{{- end }}

{{/* Egress of webhooks: what services/webhooks/policy.py calls, and not more. */}}
{{- define "moviola.webhooks" -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          - 0.0.0.0/8
          - 10.0.0.0/8
          - 100.64.0.0/10
          - 127.0.0.0/8
          - 168.63.129.16/32
          - 169.254.0.0/16
          - 172.16.0.0/12
          - 192.0.0.0/24
          - 192.0.2.0/24
          - 192.88.99.0/24
          - 192.168.0.0/16
          - 198.18.0.0/15
          - 198.51.100.0/24
          - 203.0.113.0/24
          - 224.0.0.0/4
          - 240.0.0.0/4
    - ipBlock:
        cidr: 2000::/3
        except: ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
  {{- with .Values.settings.MOVIOLA_WEBHOOK_PORTS | default (hasKey .Values.settings "MOVIOLA_WEBHOOK_PORTS" | ternary "" "443,8443") }}
  ports:
    {{- range splitList "," . }}
    - {protocol: TCP, port: {{ trim . }}}
    {{- end }}
  {{- end }}
{{- with .Values.settings.MOVIOLA_WEBHOOK_NETWORKS }}
- to:
    {{- range splitList "," . }}
    - ipBlock: {cidr: {{ trim . | quote }}}
    {{- end }}
{{- end }}
{{- end }}
