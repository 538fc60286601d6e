-- CreateTable
CREATE TABLE "held_file" (
    "job_id" TEXT NOT NULL,
    "digest" TEXT NOT NULL,

    CONSTRAINT "held_file_pkey" PRIMARY KEY ("job_id","digest")
);

-- CreateIndex
CREATE INDEX "held_file_digest_idx" ON "held_file"("digest");
