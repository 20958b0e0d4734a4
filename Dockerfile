# Two images: the service (the last stage, so plain `docker build .` builds it) and the proxy that docker-compose.yml
# puts in front.
#
# Tags move, so the base image is pinned by the digest of its index, which covers amd64 and arm64. To update it on purpose:
#   docker buildx imagetools inspect node:26-trixie-slim --format '{{.Manifest.Digest}}'
ARG NODE_IMAGE=node:26.10.0-trixie-slim@sha256:930557a230abacbc3f4fd9b8648abf8f4bee1e17cb72195dcdfb2f709bc85b33
ARG CADDY_IMAGE=caddy:2-alpine

# What these two stages make is JavaScript, the same for every architecture, so they run on the builder's own. No install
# script runs.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS built
WORKDIR /app
COPY package.json package-lock.json ./
COPY scripts/node scripts/node
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY rolldown.config.ts ./
COPY src src
RUN node_modules/.bin/rolldown -c


FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS files
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY presets.yaml ./
COPY src/realtime-mint.js src/
COPY src/client/client.js src/client/
COPY src/admin/page src/admin/page
COPY --from=built /app/dist dist
# The user below could not read a checkout that was made with umask 077.
RUN rm src/admin/page/tsconfig.json src/admin/page/*.d.ts \
 && chmod -R u=rwX,go=rX package.json presets.yaml src dist


FROM ${CADDY_IMAGE} AS proxy
# The official binary has the capability to use ports below 1024, and the kernel refuses to run it if that
# capability is dropped. A copy does not have it. /data is for certificates and their keys; a new volume gets its
# owner and mode.
RUN cp /usr/bin/caddy /usr/bin/caddy-copy && mv /usr/bin/caddy-copy /usr/bin/caddy \
 && mkdir -p /data/caddy && chown -R 10002:10002 /data && chmod 700 /data /data/caddy
COPY --chmod=444 <<'CADDYFILE' /etc/caddy/Caddyfile
{
	# The configuration cannot be changed at run time, and is not saved.
	admin off
	persist_config off
	# No port 80: a POST there has already sent its token in plain text, and a redirect would hide that.
	auto_https disable_redirects
	https_port 8443
	skip_install_trust
	# Longer than any mint takes, shorter than stop_grace_period.
	grace_period 12s
	servers {
		# HTTP/3 has early data, which can be replayed, and needs a second port.
		protocols h1 h2
		# All above the service's own limits, so that the service answers, with its envelope and record.
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
	# Not for localhost, where it would force https on every other development server.
	@public not host localhost
	header @public Strict-Transport-Security max-age=31536000

	# A replica that was not reached is not asked, so another one is tried. Nothing else is tried twice: a mint that
	# is asked for twice may happen twice.
	reverse_proxy {$UPSTREAMS:mint:8080} {
		lb_try_duration 2s
		# A replica that drains still mints for two seconds.
		{$HEALTH}
		health_interval 500ms
		health_timeout 2s
		fail_duration 2s
		# Overwrite it, and never append to it: the service believes this header.
		header_up X-Forwarded-For {remote_host}
		header_up -X-Forwarded-Host
		header_up -Forwarded
		transport http {
			dial_timeout 2s
			# The service answers within 10 s.
			response_header_timeout 15s
			# Less than the time that the service keeps idle connections.
			keepalive 60s
		}
	}

	# The same envelope as the service's, because SDKs read nothing else.
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
			respond `{"error":{"message":"No instance can be reached. Try again after the seconds in Retry-After.","type":"server_error","code":"shutting_down","param":null,"request_id":"{http.request.uuid}"}}` 503
		}
	}
}

# Requests for any other name do not reach the service.
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
# Remove what only an intruder could use: package managers, and programs that run as their owner. The audit's
# directory exists here so that a new volume gets its owner. The service's own command line is on the PATH.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
 && find / -xdev -type f -perm /6000 -exec chmod ug-s {} + \
 && install -d -o 10001 -g 10001 -m 0750 /var/lib/realtime-mint/audit \
 && ln -s /app/src/realtime-mint.js /usr/local/bin/realtime-mint
WORKDIR /app
# Owned by root, so the service cannot change them even if the root file system is writable.
# What `dist` bundles, for its licenses and for scanners, which look for packages here. The operations page uses uPlot's files.
COPY --from=files /app/node_modules node_modules
COPY --from=files /app/package.json /app/presets.yaml ./
COPY --from=files /app/src src
COPY --from=files /app/dist dist

ARG VERSION=0.0.0-local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="realtime-mint" \
      org.opencontainers.image.description="Mints short-lived OpenAI Realtime client secrets for browsers, and nothing else" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# MALLOC_ARENA_MAX: one pool of memory for all threads, which are few, takes 2 MB less.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1 HOST=0.0.0.0 PORT=8080 AUDIT_DIR=/var/lib/realtime-mint/audit
# Numbers, because Kubernetes' runAsNonRoot cannot check names. They are far from the ids of real users.
USER 10001:10001
# Records outlive their container even if no volume was configured.
VOLUME /var/lib/realtime-mint/audit
EXPOSE 8080
STOPSIGNAL SIGTERM

# Docker does not restart an unhealthy container, so this can check readiness, which includes the audit. It uses
# node, because the image has no curl, and node:http, because fetch takes twice the CPU time.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "require('node:http').get(`http://127.0.0.1:${process.env.PORT}/readyz`, { timeout: 2000 }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1)).on('timeout', () => process.exit(1))"]

# --disable-sigusr1       a signal must not open a debugger, which could read the key
# --report-exclude-…      a diagnostic report has neither the environment nor peers
# --disable-proto=delete  objects have no __proto__ that could change others
# --no-addons             no native code: nothing here needs it
# --max-old-space-size    below compose's limit, so that node collects garbage before the kernel kills it
# --max-semi-space-size   memory stays flat under load: node would let it grow by 30 MB more
# With the next two, a mint takes about a tenth less CPU:
# --no-allocation-site-pretenuring
#                         V8 would take the header lists of connections for long-lived, and keep all that they refer to
#                         until the next full collection
# --no-parallel-scavenge  most collections take 1 ms, and more threads cost more than they help
#
# Not used: --no-concurrent-marking and --single-threaded-gc take as much off again, but 60 MB more;
# --permission, because with it Node refuses fsync, which the audit needs for its directory; and
# --max-http-header-size, because tokens of 8 KiB must fit.
ENTRYPOINT ["node", "--disable-sigusr1", "--report-exclude-env", "--report-exclude-network", \
  "--disable-proto=delete", "--no-addons", "--max-old-space-size=192", \
  "--max-semi-space-size=16", "--no-allocation-site-pretenuring", "--no-parallel-scavenge", \
  "dist/main.js"]
CMD ["serve"]
