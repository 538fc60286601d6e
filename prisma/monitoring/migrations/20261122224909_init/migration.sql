-- CreateEnum
CREATE TYPE "JobStatus" AS ENUM ('QUEUED', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED');

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
CREATE TABLE "service_instance" (
    "id" TEXT NOT NULL,
    "service" TEXT NOT NULL,
    "url" TEXT,
    "version" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "every_ms" INTEGER NOT NULL,
    "resident_bytes" BIGINT NOT NULL,
    "cpu" DOUBLE PRECISION NOT NULL,
    "event_loop_lag_ms" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "service_instance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "fleet_node" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cores" INTEGER NOT NULL,
    "memory_bytes" BIGINT NOT NULL,
    "memory_free_bytes" BIGINT NOT NULL,
    "load" DOUBLE PRECISION NOT NULL,
    "slots" INTEGER NOT NULL,
    "slots_used" INTEGER NOT NULL,
    "executors" TEXT[],
    "every_ms" INTEGER NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "left_at" TIMESTAMPTZ(3),

    CONSTRAINT "fleet_node_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "job_progress" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "status" "JobStatus" NOT NULL,
    "node_id" TEXT,
    "step" INTEGER NOT NULL,
    "total_steps" INTEGER NOT NULL,
    "tokens_per_second" DOUBLE PRECISION,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "job_progress_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "outbox_id_key" ON "outbox"("id");

-- CreateIndex
CREATE INDEX "service_instance_service_idx" ON "service_instance"("service");

-- CreateIndex
CREATE INDEX "job_progress_status_project_idx" ON "job_progress"("status", "project");

-- CreateIndex
CREATE INDEX "job_progress_node_id_status_idx" ON "job_progress"("node_id", "status");
