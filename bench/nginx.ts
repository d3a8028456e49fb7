import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A plain reverse proxy in front of the same upstream, where nginx is installed: what a program in C does for the same bytes. */
export function nginxCommand({
  port,
  upstreamPort,
  folder,
}: {
  readonly port: number
  readonly upstreamPort: number
  readonly folder: string
}): { readonly command: readonly string[]; readonly configPath: string; readonly config: string } | undefined {
  const binary = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path))
  if (binary === undefined) return undefined
  const configPath = join(folder, 'nginx.conf')
  return {
    command: [binary, '-c', configPath, '-g', `daemon off; error_log "${join(folder, 'nginx.log')}";`],
    configPath,
    config: config({ port, upstreamPort, folder }),
  }
}

const config = ({
  port,
  upstreamPort,
  folder,
}: {
  readonly port: number
  readonly upstreamPort: number
  readonly folder: string
}) => `
master_process off;
pid "${join(folder, 'nginx.pid')}";
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path "${join(folder, 'body')}";
  proxy_temp_path "${join(folder, 'proxy')}";
  fastcgi_temp_path "${join(folder, 'fastcgi')}";
  uwsgi_temp_path "${join(folder, 'uwsgi')}";
  scgi_temp_path "${join(folder, 'scgi')}";
  keepalive_requests 100000000;
  upstream vendor { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://vendor;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_buffering off;
    }
  }
}
`
