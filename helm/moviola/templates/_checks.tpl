{{/* What a schema cannot say, or says badly. */}}
{{- define "moviola.checks" -}}
{{- if not .Values.gateway.allowAnonymous -}}
{{- fail "there are no keys yet, and whoever reaches the gateway may do everything: restrict who does (networkPolicy.gatewayFrom, a proxy), then set gateway.allowAnonymous=true" -}}
{{- end -}}
{{- if and (not .Values.redis.enabled) (not .Values.redis.urlSecret.name) -}}
{{- fail "redis.enabled is false: redis.urlSecret.name must name a secret with the URL of yours" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.redis.enabled) (not .Values.networkPolicy.redisTo) -}}
{{- fail "redis.enabled is false: networkPolicy.redisTo must say where yours is" -}}
{{- end -}}
{{- if and .Values.triton.modelConfigName (not .Values.triton.modelRepository.existingClaim) -}}
{{- fail "triton.modelConfigName wants plans, and the image holds none: triton.modelRepository.existingClaim must name a volume that does" -}}
{{- end -}}
{{- if and .Values.gateway.ingress.enabled (not .Values.gateway.ingress.host) -}}
{{- fail "gateway.ingress.enabled wants gateway.ingress.host" -}}
{{- end -}}
{{- end }}
