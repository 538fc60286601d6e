-- CreateEnum
CREATE TYPE "JobStatus" AS ENUM ('QUEUED', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "Phase" AS ENUM ('COGNATE', 'EVOMERGE', 'QUIET_STAR', 'BITNET', 'FORGE_TRAINING', 'TOOL_PERSONA', 'ADAS', 'FINAL_COMPRESSION');

-- CreateTable
CREATE TABLE "outbox" (
    "position" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "data" JSONB NOT NULL,
    "traceparent" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "consumer" (
    "name" TEXT NOT NULL,
    "bus" TEXT NOT NULL,
    "position" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "consumer_pkey" PRIMARY KEY ("name","bus")
);

-- CreateTable
CREATE TABLE "dead_event" (
    "id" TEXT NOT NULL,
    "consumer" TEXT NOT NULL,
    "topic" TEXT NOT NULL,
    "event" JSONB NOT NULL,
    "error" TEXT NOT NULL,
    "failed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dead_event_pkey" PRIMARY KEY ("id","consumer")
);

-- CreateTable
CREATE TABLE "job" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "phase" "Phase" NOT NULL,
    "status" "JobStatus" NOT NULL,
    "model_name" TEXT NOT NULL,
    "preset" TEXT,
    "seed" INTEGER NOT NULL,
    "step" INTEGER NOT NULL DEFAULT 0,
    "total_steps" INTEGER NOT NULL,
    "config" JSONB NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "dataset_fingerprint" TEXT NOT NULL,
    "executor" TEXT,
    "node_id" TEXT,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "labels" TEXT[],
    "principal" TEXT NOT NULL,
    "run_id" TEXT,
    "step_name" TEXT,
    "idempotency_key" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dataset" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "characters" BIGINT NOT NULL,
    "idempotency_key" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "checkpoint" (
    "id" TEXT NOT NULL,
    "job_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "step" INTEGER NOT NULL,
    "digest" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "checkpoint_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "metric_chunk" (
    "job_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "first_step" INTEGER NOT NULL,
    "last_step" INTEGER NOT NULL,
    "points" BYTEA NOT NULL,

    CONSTRAINT "metric_chunk_pkey" PRIMARY KEY ("job_id","name","number")
);

-- CreateTable
CREATE TABLE "worker_node" (
    "id" TEXT NOT NULL,
    "memory_bytes" BIGINT NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_node_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "outbox_id_key" ON "outbox"("id");

-- CreateIndex
CREATE INDEX "job_project_id_idx" ON "job"("project", "id");

-- CreateIndex
CREATE INDEX "job_status_changed_at_idx" ON "job"("status", "changed_at");

-- CreateIndex
CREATE INDEX "job_dataset_id_idx" ON "job"("dataset_id");

-- CreateIndex
CREATE UNIQUE INDEX "job_project_idempotency_key_key" ON "job"("project", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "job_run_id_step_name_key" ON "job"("run_id", "step_name");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_project_name_key" ON "dataset"("project", "name");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_project_idempotency_key_key" ON "dataset"("project", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "checkpoint_job_id_step_key" ON "checkpoint"("job_id", "step");

-- AddForeignKey
ALTER TABLE "job" ADD CONSTRAINT "job_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "checkpoint" ADD CONSTRAINT "checkpoint_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "metric_chunk" ADD CONSTRAINT "metric_chunk_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
