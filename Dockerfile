# syntax=docker/dockerfile:1
# opencode-fleet over HTTP: docs/http.md#in-a-container says how to run it.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY rolldown.config.ts tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM node:24-slim
# The transport `ssh` runs ssh.
RUN apt-get update && apt-get install -y --no-install-recommends openssh-client && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/dist/bin /opt/opencode-fleet
USER node
EXPOSE 4180
# Any answer below 500 is one of a server that works. Without a token, it shows the login.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4180/').then(({ status }) => process.exit(status < 500 ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/opencode-fleet/opencode-fleet.mjs"]
CMD ["serve", "--http", "0.0.0.0:4180", "--token-file", "/run/secrets/opencode-fleet-tokens"]
