/** The configuration of nginx for the duties it can do by itself: it has no CSP nonce, counter or histogram. */
export function nginxConfiguration(port: number, upstream: string, folder: string): string {
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server_tokens off;
  log_format json escape=json '{"time":"$msec","requestId":"$request_id","method":"$request_method","path":"$uri","status":$status,"ms":$request_time,"address":"$remote_addr"}';
  access_log ${folder}/nginx.log json buffer=16k flush=1s;
  limit_req_zone $binary_remote_addr zone=address:10m rate=1000000r/s;
  map $http_origin $allowed { default ""; "https://app.example.com" $http_origin; }
  upstream items { server ${upstream.slice("http://".length)}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    add_header Content-Security-Policy "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'" always;
    add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;
    add_header X-Content-Type-Options nosniff always;
    add_header X-Frame-Options DENY always;
    add_header Referrer-Policy no-referrer always;
    add_header Permissions-Policy "camera=(), microphone=(), geolocation=()" always;
    add_header Cross-Origin-Opener-Policy same-origin always;
    add_header Cross-Origin-Embedder-Policy require-corp always;
    add_header Cross-Origin-Resource-Policy same-origin always;
    add_header X-Request-Id $request_id always;
    add_header Access-Control-Allow-Origin $allowed always;
    add_header Vary Origin always;
    location /api/v1/items/ {
      limit_req zone=address burst=100000 nodelay;
      proxy_pass http://items;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
`;
}
