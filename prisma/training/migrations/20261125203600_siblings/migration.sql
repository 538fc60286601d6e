-- AlterTable
ALTER TABLE "job" ADD COLUMN     "control_of" TEXT,
ADD COLUMN     "group_id" TEXT;

-- CreateIndex
CREATE INDEX "job_group_id_idx" ON "job"("group_id");

-- CreateIndex
CREATE INDEX "job_control_of_idx" ON "job"("control_of");
