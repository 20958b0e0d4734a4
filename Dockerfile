# Two images: the service (the last stage, so that plain `docker build .` makes it) and the proxy that
# docker-compose.yml puts in front. There is nothing to compile: node strips the types when it starts.
#
# Tags move. Production pins by digest, and moves it on purpose:
#   docker build --build-arg NODE_IMAGE=node:26-trixie-slim@sha256:… .
ARG NODE_IMAGE=node:26-trixie-slim
ARG CADDY_IMAGE=caddy:2-alpine

FROM ${NODE_IMAGE} AS files
WORKDIR /app
COPY package.json package-lock.json ./
# Optional dependencies are Node itself, for development machines. No install script of anybody's runs.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY presets.yaml ./
COPY src src
# A checkout made under umask 077 would not be readable for the user below.
RUN chmod -R u=rwX,go=rX package.json presets.yaml src


FROM ${CADDY_IMAGE} AS proxy
# The official binary carries the capability to take ports below 1024, and the kernel refuses to run it where
# that capability is dropped; a copy does not carry it. /data holds certificates and their keys; a new volume
# takes over its owner and mode.
RUN cp /usr/bin/caddy /usr/bin/caddy-copy && mv /usr/bin/caddy-copy /usr/bin/caddy \
 && mkdir -p /data/caddy && chown -R 10002:10002 /data && chmod 700 /data /data/caddy
COPY --chmod=444 <<'CADDYFILE' /etc/caddy/Caddyfile
{
	# Nothing changes the configuration at run time, and nothing of it is written down.
	admin off
	persist_config off
	# No port 80: whoever posts there has already sent the token in clear, and a redirect would hide that.
	auto_https disable_redirects
	https_port 8443
	skip_install_trust
	# Longer than any mint takes, shorter than stop_grace_period.
	grace_period 12s
	servers {
		# Without HTTP/3 there is no early data that could be replayed, and one port to publish.
		protocols h1 h2
		# All somewhat above the service's own limits, so that callers meet those, with their envelope and record.
		max_header_size 32KB
		timeouts {
			read_header 12s
			read_body 12s
			write 30s
			idle 60s
		}
	}
}

# localhost gets a certificate of Caddy's own CA, a public name one that browsers know.
{$SITE_ADDRESS:localhost} {
	request_body {
		max_size 64KB
	}

	header {
		-Server
		-Via
	}
	# Not for localhost: it would force https on every other development server there.
	@public not host localhost
	header @public Strict-Transport-Security max-age=31536000

	# No active health checks: an instance that drains still mints for a while, and its errors say more than a
	# proxy's. No retries either: what was asked for twice may be minted twice.
	reverse_proxy mint:8080 {
		# Overwritten, never appended to: the service believes what it finds here.
		header_up X-Forwarded-For {remote_host}
		header_up -X-Forwarded-Host
		header_up -Forwarded
		transport http {
			dial_timeout 2s
			# The service answers within 10 s.
			response_header_timeout 15s
			# Less than the service keeps idle connections.
			keepalive 60s
		}
	}

	# The same envelope as the service's, for SDKs read nothing else.
	handle_errors {
		header -Server
		header Content-Type application/json
		header Cache-Control no-store
		header X-Content-Type-Options nosniff
		header X-Request-Id {http.request.uuid}
		@too_large expression `{err.status_code} == 413`
		handle @too_large {
			respond `{"error":{"message":"The body is too large. Send 16 KiB at most.","type":"invalid_request_error","code":"invalid_request","param":null,"request_id":"{http.request.uuid}"}}` 413
		}
		handle {
			header Retry-After 2
			respond `{"error":{"message":"No instance can be reached. Try again after Retry-After.","type":"server_error","code":"shutting_down","param":null,"request_id":"{http.request.uuid}"}}` 503
		}
	}
}

# Any other name: the service never hears of it.
https://:8443 {
	header -Server
	respond 421
}

# For the health check.
http://127.0.0.1:8081 {
	bind 127.0.0.1
	respond ok
}
CADDYFILE
USER 10002:10002
EXPOSE 8443


FROM ${NODE_IMAGE} AS service
# Of no use at run time but to an intruder: package managers, and programs that run as their owner. The
# audit's directory is here so that a new volume takes over its owner.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
 && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
 && install -d -o 10001 -g 10001 -m 0750 /var/lib/realtime-mint/audit
WORKDIR /app
# Owned by root and so read-only for the service, also where the root file system is not.
COPY --from=files /app/node_modules node_modules
COPY --from=files /app/package.json /app/presets.yaml ./
COPY --from=files /app/src src

ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 AUDIT_DIR=/var/lib/realtime-mint/audit
# Numbers, for Kubernetes' runAsNonRoot sees no names; far from those of real users.
USER 10001:10001
# Records outlive their container even where nobody thought of a volume.
VOLUME /var/lib/realtime-mint/audit
EXPOSE 8080
STOPSIGNAL SIGTERM

# Docker restarts nothing for it, so it may be readiness, which also sees an audit that cannot be written. By
# node, for the image has no curl.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`, { signal: AbortSignal.timeout(2000) }).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# --disable-sigusr1       whoever may send a signal gets no debugger, and with it the key
# --report-exclude-…      a diagnostic report holds neither the environment nor peers
# --disable-proto=delete  objects have no __proto__ to pollute others through
# --no-addons             no native code: nothing here needs any
# --max-old-space-size    below compose's limit, so that node collects before the kernel kills
#
# Left out: --permission, for with it Node refuses every fsync and fdatasync, and no secret leaves before its
# audit record is on the disk; --max-http-header-size, for tokens of 8 KiB have to fit.
ENTRYPOINT ["node", "--disable-sigusr1", "--report-exclude-env", "--report-exclude-network", \
  "--disable-proto=delete", "--no-addons", "--max-old-space-size=192", "src/main.ts"]
CMD ["serve"]
