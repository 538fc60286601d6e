-- DropIndex
DROP INDEX "job_weights_digest_idx";

-- AlterTable
ALTER TABLE "job" RENAME COLUMN "weights_settled" TO "weights_dropped";
