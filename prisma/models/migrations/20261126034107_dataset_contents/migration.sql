-- CreateTable
CREATE TABLE "dataset_content" (
    "dataset_id" TEXT NOT NULL,
    "digest" TEXT NOT NULL,

    CONSTRAINT "dataset_content_pkey" PRIMARY KEY ("dataset_id")
);

-- CreateIndex
CREATE INDEX "dataset_content_digest_idx" ON "dataset_content"("digest");
