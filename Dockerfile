# syntax=docker/dockerfile:1

FROM node:24-trixie-slim AS build
WORKDIR /source
COPY package.json package-lock.json ./
# No scripts: the one that matters fetches a Node, and this image is one.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node bin/build.ts

FROM gcr.io/distroless/nodejs24-debian13:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="runtime-config-operator" \
      org.opencontainers.image.description="Keeps one encrypted copy of a coding-agent CLI's login, proxy and config, and makes every device match it." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /app
COPY --from=build /source/dist/runtimeconfig.js /source/dist/main.js /source/dist/package.json /source/dist/LICENSE ./
COPY --from=build /source/dist/chunks ./chunks
# By number, so that a cluster sees that it is not root.
USER 65532:65532
EXPOSE 8080 8081
# The flag keeps what a burst of work leaves behind small, as in bin/runtimeconfig.js.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "/app/runtimeconfig.js"]
CMD ["serve"]
