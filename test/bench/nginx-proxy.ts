// nginx as a proxy that adds the key and replaces the body: the least that any proxy could cost.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../support/programs.ts'
import { fixedBody } from './fixed-mint.ts'
import type { Command, Workshop } from './workshop.ts'

/** The command for a port. Undefined if nginx is not installed. `upstream` is an origin. */
export function toNginxProxy({ directory }: Workshop, upstream: string) {
  const program = findProgram('nginx')
  if (program === undefined) return undefined
  const file = join(directory, 'nginx.conf')
  return (port: number): Command => {
    writeFileSync(file, toConfiguration(directory, upstream, port))
    return { program, args: ['-c', file, '-e', 'stderr'], env: {} }
  }
}

const toConfiguration = (directory: string, upstream: string, port: number): string => `
daemon off;
# One process, whose CPU time is the whole cost.
master_process off;
pid ${directory}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join('\n  ')}
  keepalive_requests 1000000;
  upstream openai { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://openai;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Content-Type application/json;
      proxy_set_header Authorization "Bearer sk-bench-0123456789abcdefghijklmnop";
      proxy_set_body '${fixedBody}';
    }
  }
}
`
