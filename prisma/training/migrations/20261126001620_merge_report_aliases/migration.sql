-- AlterTable
ALTER TABLE "job" ADD COLUMN     "report" JSONB;

-- CreateTable
CREATE TABLE "known_alias" (
    "project" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "version_id" TEXT NOT NULL,

    CONSTRAINT "known_alias_pkey" PRIMARY KEY ("project","model_name","alias")
);
