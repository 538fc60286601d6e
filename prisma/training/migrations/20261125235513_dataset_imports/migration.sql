-- CreateEnum
CREATE TYPE "ImportStatus" AS ENUM ('IMPORTING', 'READY', 'FAILED', 'CANCELLED');

-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "documents" BIGINT NOT NULL DEFAULT 1,
ADD COLUMN     "longest_bytes" BIGINT,
ADD COLUMN     "samples" JSONB,
ADD COLUMN     "shortest_bytes" BIGINT,
ADD COLUMN     "source" JSONB;

-- CreateTable
CREATE TABLE "dataset_import" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "status" "ImportStatus" NOT NULL DEFAULT 'IMPORTING',
    "source" JSONB NOT NULL,
    "principal" TEXT NOT NULL,
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "bytes_read" BIGINT NOT NULL DEFAULT 0,
    "documents" BIGINT NOT NULL DEFAULT 0,
    "notes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "dataset_id" TEXT,
    "error_code" TEXT,
    "error_message" TEXT,
    "idempotency_key" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "dataset_import_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "dataset_import_status_idx" ON "dataset_import"("status");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_import_project_idempotency_key_key" ON "dataset_import"("project", "idempotency_key");

-- AddForeignKey
ALTER TABLE "dataset_import" ADD CONSTRAINT "dataset_import_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;
