# The image of `aol`: one for worker, API, migration and command line. See docs/docker.md.

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error

FROM dependencies AS build
COPY tsconfig.json ./
COPY bin bin
COPY migrations migrations
COPY src src
COPY web web
RUN npm run build

# Optional packages are compilers' and PostgreSQL's binaries and npm's own Node; containers bring the last two. Of Temporal's
# native part only this machine's is kept, and none of its sources.
FROM dependencies AS production
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error \
  && cd node_modules/@temporalio/core-bridge \
  && find releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
  && test -f releases/*/index.node \
  && rm -rf sdk-core src bridge-macros Cargo.lock Cargo.toml \
  && cd /app \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
  AOL_DATA_DIR=/var/lib/aol \
  AOL_API_HOST=0.0.0.0
WORKDIR /app
COPY --from=production /app/node_modules node_modules
COPY package.json LICENSE ./
COPY bin/aol.mjs bin/arguments.mjs bin/ensure.mjs bin/env-file.mjs bin/lock.mjs bin/
COPY docker/make-secrets.mjs docker/worker-health.mjs docker/
COPY --from=build /app/dist dist
RUN ln -s /app/bin/aol.mjs /usr/local/bin/aol \
  && install -d -o 1000 -g 1000 -m 0750 /var/lib/aol /var/lib/aol-api /var/lib/aol-secrets/run \
  && install -d -o 1000 -g 1000 -m 0755 /var/lib/aol-secrets/owner
# `node`, by number: so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 8321
ENTRYPOINT ["aol"]
CMD ["--help"]
