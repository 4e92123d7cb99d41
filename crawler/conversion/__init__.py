"""Office formats that LibreOffice turns into DOCX: ``.doc`` and ``.wps``, RTF, OpenDocument text."""
