-- AlterTable
ALTER TABLE "job" ADD COLUMN     "rerun_of" TEXT,
ADD COLUMN     "stop_reason" TEXT,
ADD COLUMN     "weights_digest" TEXT;
