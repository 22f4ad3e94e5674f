# The image of the bridge: docs/reference/image.md
#
# Give the base by digest for a build that can be repeated: --build-arg NODE_IMAGE=docker.io/library/node:TAG@sha256:…
# (The digest is not fixed here because this file was written where no image registry could be asked.)
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

# Everything, for the build. No package's install script runs: none is needed.
FROM ${NODE_IMAGE} AS deps
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --ignore-scripts --no-audit --no-fund

FROM deps AS build
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY migrations ./migrations
COPY LICENSE ./
# Readable by any uid, whatever the umask was where the sources were checked out.
RUN npm run build && chmod -R a+rX dist migrations package.json LICENSE

# What runs needs no more than this.
FROM ${NODE_IMAGE} AS prod-deps
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production
# What a file leaves behind as it flows is freed at once: a file of 40 MB takes 50 MB of memory, and not 100 MB and more.
ENV NODE_OPTIONS=--max-semi-space-size=2
# The threads of Node.js share two heaps of the C library, instead of keeping what they freed in one each.
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
# Mount points of `init --dir /secrets`: a new volume takes over their owner and mode.
RUN install --directory --owner=10001 --group=10001 --mode=0750 \
    /secrets /secrets/bridge /secrets/postgres /secrets/synapse /secrets/hapi
COPY --from=prod-deps /app/node_modules ./node_modules
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/migrations ./migrations
COPY --from=build /app/dist ./dist

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="fhir-matrix-bridge" \
      org.opencontainers.image.description="Connects care platforms that speak FHIR R4 with people who chat over Matrix" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# By number, so that Kubernetes' runAsNonRoot can tell. The code belongs to root and stays as it is.
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "dist/cli/index.js", "healthcheck"]
ENTRYPOINT ["node", "dist/cli/index.js"]
CMD ["run"]
