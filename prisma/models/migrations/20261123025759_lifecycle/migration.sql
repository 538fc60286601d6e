-- AlterTable
ALTER TABLE "model" ADD COLUMN     "description" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "keep_best" INTEGER,
ADD COLUMN     "keep_largest" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "keep_metric" TEXT,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "version" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "deletion_id" TEXT,
ADD COLUMN     "description" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "key_id" TEXT,
ADD COLUMN     "manifest" TEXT,
ADD COLUMN     "run_id" TEXT,
ADD COLUMN     "signature" TEXT,
ADD COLUMN     "source" JSONB,
ADD COLUMN     "step_name" TEXT,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
ALTER COLUMN "job_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "metric" (
    "version_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "metric_pkey" PRIMARY KEY ("version_id","name")
);

-- CreateTable
CREATE TABLE "job" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "model_name" TEXT,
    "seed" BIGINT,
    "total_steps" INTEGER,
    "executor" TEXT,
    "node_id" TEXT,
    "started_at" TIMESTAMPTZ(3),

    CONSTRAINT "job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "curve_point" (
    "job_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "step" INTEGER NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "curve_point_pkey" PRIMARY KEY ("job_id","name","step")
);

-- CreateTable
CREATE TABLE "handoff" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "step_name" TEXT NOT NULL,
    "version_id" TEXT,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "taken_by_id" TEXT,
    "offered_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "handoff_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deletion" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "refs" TEXT[],
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "purge_after" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),
    "proof" TEXT,
    "signature" TEXT,
    "key_id" TEXT,

    CONSTRAINT "deletion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "orphan" (
    "digest" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "orphan_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "idempotent_call" (
    "project" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "input" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotent_call_pkey" PRIMARY KEY ("project","key")
);

-- CreateTable
CREATE TABLE "chat" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "principal" TEXT NOT NULL,
    "version_id" TEXT NOT NULL,
    "title" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chat_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat_message" (
    "id" TEXT NOT NULL,
    "chat_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "error" TEXT,
    "tokens" INTEGER,
    "finish_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chat_message_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "metric_name_value_version_id_idx" ON "metric"("name", "value", "version_id");

-- CreateIndex
CREATE INDEX "handoff_version_id_idx" ON "handoff"("version_id");

-- CreateIndex
CREATE INDEX "handoff_project_id_idx" ON "handoff"("project", "id");

-- CreateIndex
CREATE UNIQUE INDEX "handoff_run_id_step_name_key" ON "handoff"("run_id", "step_name");

-- CreateIndex
CREATE INDEX "deletion_status_purge_after_idx" ON "deletion"("status", "purge_after");

-- CreateIndex
CREATE INDEX "deletion_project_id_idx" ON "deletion"("project", "id");

-- CreateIndex
CREATE INDEX "idempotent_call_at_idx" ON "idempotent_call"("at");

-- CreateIndex
CREATE INDEX "chat_project_id_idx" ON "chat"("project", "id");

-- CreateIndex
CREATE INDEX "chat_message_chat_id_id_idx" ON "chat_message"("chat_id", "id");

-- CreateIndex
CREATE INDEX "file_digest_idx" ON "file"("digest");

-- CreateIndex
CREATE INDEX "model_project_id_idx" ON "model"("project", "id");

-- CreateIndex
CREATE INDEX "model_tags_idx" ON "model" USING GIN ("tags");

-- CreateIndex
CREATE INDEX "version_model_id_id_idx" ON "version"("model_id", "id");

-- CreateIndex
CREATE INDEX "version_phase_model_id_idx" ON "version"("phase", "model_id");

-- CreateIndex
CREATE INDEX "version_run_id_idx" ON "version"("run_id");

-- CreateIndex
CREATE INDEX "version_deletion_id_idx" ON "version"("deletion_id");

-- CreateIndex
CREATE INDEX "version_parent_ids_idx" ON "version" USING GIN ("parent_ids");

-- CreateIndex
CREATE INDEX "version_tags_idx" ON "version" USING GIN ("tags");

-- AddForeignKey
ALTER TABLE "metric" ADD CONSTRAINT "metric_version_id_fkey" FOREIGN KEY ("version_id") REFERENCES "version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "chat_message" ADD CONSTRAINT "chat_message_chat_id_fkey" FOREIGN KEY ("chat_id") REFERENCES "chat"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The metrics of versions that are there already.
INSERT INTO "metric" ("version_id", "name", "value")
SELECT "version"."id", "entry" ->> 'name', ("entry" ->> 'value')::double precision
FROM "version", jsonb_array_elements("metrics") AS "entry"
ON CONFLICT DO NOTHING;
