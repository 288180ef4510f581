# The workflow is in workflow/Snakefile, where the workflow catalogue and other projects look.
# An included file sets the default target only if it is told to.
workflow.include("workflow/Snakefile", overwrite_default_target=True)
