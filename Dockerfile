# syntax=docker/dockerfile:1
# The same for linux/amd64 and linux/arm64. ONNX Runtime needs glibc: not on Alpine.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Every native module comes prebuilt inside its package: no script has to run.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
# Nets that are made of packages, with our compiler.
COPY models ./models
COPY scripts ./scripts
RUN npm run models
# What is needed to run, without native TensorFlow, which is for training.
RUN npm pkg delete optionalDependencies && npm prune --omit=dev --ignore-scripts
# Of the runtime's binaries for all platforms keep this one's.
RUN here="linux/$(node -p process.arch)" \
  && cd node_modules/onnxruntime-node/bin/napi-v6 \
  && test -d "$here" \
  && find . -mindepth 2 -maxdepth 2 -not -path "./$here" -exec rm -r {} + \
  && find . -type d -empty -delete

FROM ${BASE}
# Forwards signals, and collects processes that model processes leave behind.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY LICENSE ./
COPY --from=build /app/models ./models
COPY config ./config
COPY examples ./examples
RUN chmod +x dist/cli/main.js \
  && ln -s /app/dist/cli/main.js /usr/local/bin/edgeward \
  && install --directory --owner=node --group=node /etc/edgeward /var/lib/edgeward
# The container is the boundary here, and its ports stay inside it unless they are published.
ENV NODE_ENV=production \
  STATE_DIRECTORY=/var/lib/edgeward \
  EDGEWARD_HTTP_HOST=0.0.0.0 \
  EDGEWARD_HTTP_PORT=9464
USER node
VOLUME /var/lib/edgeward
EXPOSE 1883 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.EDGEWARD_HTTP_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--", "edgeward"]
CMD ["run", "--config", "/etc/edgeward/edgeward.yaml"]
