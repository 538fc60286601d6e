-- AlterTable
ALTER TABLE "job" ADD COLUMN     "weights_settled" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "job_weights_digest_idx" ON "job"("weights_digest");
