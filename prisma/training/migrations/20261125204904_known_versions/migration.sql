-- CreateTable
CREATE TABLE "known_version" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "files" JSONB NOT NULL,
    "architecture" JSONB NOT NULL,
    "is_deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "known_version_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "known_version_project_model_name_number_key" ON "known_version"("project", "model_name", "number");
