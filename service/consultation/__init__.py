"""Consultations: who may take part, what is asked, how it is counted, and how everybody can check the count."""
