"""The court's side: drafts, the SDK that signs, sends and reads, the commands, and the sample docket."""
