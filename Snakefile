# The workflow lies in workflow/Snakefile, where the workflow catalogue and other projects look for it.
include: "workflow/Snakefile"
