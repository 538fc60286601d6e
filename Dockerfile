# Everything that is only needed to build and check stays in the first stage.
FROM node:24-bookworm-slim AS build
WORKDIR /forge
COPY package.json package-lock.json .npmrc ./
ENV npm_config_onnxruntime_node_install=skip
RUN npm ci
COPY . .
RUN node prisma/generate.ts && node client/codegen.ts
RUN npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /forge
# Workers compile trainings.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY --from=build --chown=root:root /forge .
# Volumes are made with the owner of the folder that they cover.
RUN install -d -o node -g node /data /blobs /home/node/.cache
USER node
EXPOSE 4000
CMD ["node", "gateway/main.ts"]
