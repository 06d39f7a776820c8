"""All records: appended, read, merged, never changed. This room stores and fetches; core says what records mean."""
