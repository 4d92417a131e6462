#!/usr/bin/env python3
"""Makes the Word and OpenDocument fixtures under fixtures/documents, all of one invented person.

    python3 -m venv venv && venv/bin/pip install python-docx
    venv/bin/python tests/parity/make_documents.py

`resume.docx` comes from python-docx, as programs write documents. `layout.docx`, `lebenslauf.docx` and `resume.odt` are
written part by part: they hold what python-docx has no words for (text boxes, fields, tracked changes, notes).
The times in the archives are fixed, so the same script gives the same bytes.
"""

import io
import pathlib
import zipfile
from datetime import datetime

HERE = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "documents"
W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def pack(path, parts):
    """Writes an archive whose bytes depend on nothing but its parts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def relations(*targets):
    rows = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"{outside}/>'
        for name, kind, target, outside in (t if len(t) == 4 else (*t, "") for t in targets)
    )
    return f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


OUTSIDE = ' TargetMode="External"'


def p(*content, style=None, properties=""):
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{style}{properties}</w:pPr>{''.join(content)}</w:p>"


def t(words, properties=""):
    properties = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{words}</w:t></w:r>'


def item(level, words, number=1):
    return p(t(words), properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def field(code, result):
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    return f"{mark('begin')}<w:r><w:instrText xml:space='preserve'>{code}</w:instrText></w:r>{mark('separate')}{result}{mark('end')}"


def box(*paragraphs):
    """A text box as Word writes it: once for programs of today, once for those of before."""
    inner = f"<w:txbxContent>{''.join(paragraphs)}</w:txbxContent>"
    return (
        "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>"
        f"{inner}</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{inner}</v:textbox></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r>"
    )


def table(*rows):
    cells = lambda row: "".join(f"<w:tc><w:tcPr/>{cell}</w:tc>" for cell in row)
    grid = "<w:gridCol w:w='4000'/>" * max(map(len, rows))
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid}</w:tblGrid>{''.join(f'<w:tr>{cells(row)}</w:tr>' for row in rows)}</w:tbl>"


STYLES = f"""{HEAD}<w:styles {W}>
<w:style w:type="paragraph" w:default="1" w:styleId="Standard"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/><w:basedOn w:val="Standard"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Station"><w:name w:val="Station"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Sub"/><w:basedOn w:val="Station"/></w:style>
<w:style w:type="character" w:styleId="Versteckt"><w:name w:val="Hidden"/><w:rPr><w:vanish/></w:rPr></w:style>
</w:styles>"""

NUMBERING = f"""{HEAD}<w:numbering {W}>
<w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2."/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
</w:numbering>"""

CORE = f"""{HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:creator>Zdenka Marrow</dc:creator><cp:lastModifiedBy>Microsoft Office User</cp:lastModifiedBy></cp:coreProperties>"""


def word(path, body, parts=(), links=()):
    """A document of its parts; `parts` are (relationship, kind, file, source), `links` (relationship, address)."""
    known = [("s", "styles", "styles.xml", STYLES), ("n", "numbering", "numbering.xml", NUMBERING), *parts]
    pack(
        path,
        {
            "[Content_Types].xml": HEAD
            + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
            + "".join(
                f'<Override PartName="/word/{file}" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"/>'
                for _, kind, file, _ in known
            )
            + "</Types>",
            "_rels/.rels": relations(
                ("d", "officeDocument", "word/document.xml"), ("c", "metadata/core-properties", "docProps/core.xml")
            ),
            "docProps/core.xml": CORE,
            "word/document.xml": f"{HEAD}<w:document {W}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": relations(
                *((name, kind, file) for name, kind, file, _ in known),
                *((name, "hyperlink", url, OUTSIDE) for name, url in links),
            ),
            **{f"word/{file}": source for _, _, file, source in known},
        },
    )


def layout():
    """Everything that words can hide in or be shown twice by."""
    header = f"{HEAD}<w:hdr {W}>{p(t('Zdenka Marrow · zdenka@marrow.example'))}</w:hdr>"
    first = f"{HEAD}<w:hdr {W}>{p(t('Never shown'))}</w:hdr>"
    footer = f"{HEAD}<w:ftr {W}>{p(t('Page '), field(' PAGE ', t('2')), t(' of '), field(' NUMPAGES ', t('3')))}{p(t('References on request'))}</w:ftr>"
    notes = (
        f"{HEAD}<w:footnotes {W}><w:footnote w:type='separator' w:id='-1'>{p()}</w:footnote>"
        f"<w:footnote w:id='1'>{p('<w:r><w:footnoteRef/></w:r>', t(' By the harbour office.'))}</w:footnote></w:footnotes>"
    )
    control = lambda properties, content: f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"
    toc = control(
        '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>', p(t("Contents .... 1"))
    )
    body = "".join(
        [
            p(t("Zdenka Marrow"), style="Titel"),
            toc,
            p(
                t("Tide surveyor", "<w:b/>"),
                box(p(t("Boxed: "), t("tel", "<w:b/>"), t(" +44 20 7946 0123")), p(t("Second line of the box."))),
            ),
            p(t("Languages", "<w:b/>"), t(": English,"), "<w:r><w:tab/></w:r>", t("Norn")),
            table(
                (
                    p(t("Work"), style="berschrift1")
                    + p(t("Surveyor, Leith Harbour Board"), style="Station")
                    + item(0, "Measured tides.")
                    + item(1, "In winter.")
                    + item(1, "In summer.")
                    + item(0, "Wrote tables."),
                    p(t("Skills"), style="berschrift1") + p(t("•"), "<w:r><w:tab/></w:r>", t("Knots")) + p(t("•&#9;Charts")),
                )
            ),
            p(t("Method"), style="Sub"),
            item(0, "Listen.", 2),
            item(1, "Twice.", 2),
            item(0, "Write it down.", 2),
            p(
                t("She "),
                f'<w:del w:id="1" w:author="Bo Ek" w:date="2024-01-01T00:00:00Z"><w:r><w:delText>never</w:delText></w:r></w:del>',
                f'<w:ins w:id="2" w:author="Bo Ek" w:date="2024-01-01T00:00:00Z">{t("always")}</w:ins>',
                t(" keeps "),
                t("secret ", "<w:vanish/>"),
                t("style ", '<w:rStyle w:val="Versteckt"/>'),
                t("co"),
                "<w:r><w:softHyphen/></w:r>",
                t("pies"),
                "<w:r><w:footnoteReference w:id='1'/></w:r>",
                t("."),
            ),
            p(
                t("See "),
                f'<w:hyperlink r:id="link">{t("her ")}{t("page")}</w:hyperlink>',
                t(", "),
                field(' HYPERLINK "https://tides.example/a" ', t("the tables")),
                t(" and "),
                f'<w:hyperlink w:anchor="x">{t("above")}</w:hyperlink>',
                t(". "),
                '<w:r><w:sym w:font="Wingdings" w:char="F028"/></w:r>',
                t(" 020"),
                "<w:r><w:noBreakHyphen/></w:r>",
                t("7946"),
                "<w:r><w:br/></w:r>",
                t("Leith"),
            ),
            control("<w:showingPlcHdr/>", p(t("Click here to type"))),
            control("", p(f'<w:smartTag w:uri="u" w:element="city">{t("Leith")}</w:smartTag>', t(", Scotland"))),
            table((p(t("Year")), p(t("Tide"))), (p(t("2021")), p(t("5.9 m")) + p(t("(spring)")))),
            p(t("Merged "), properties="<w:rPr><w:del/></w:rPr>"),
            p(t("paragraph.")),
            '<w:sectPr><w:headerReference w:type="first" r:id="h1"/><w:headerReference w:type="default" r:id="h2"/>'
            '<w:footerReference w:type="default" r:id="f"/></w:sectPr>',
        ]
    )
    parts = [
        ("h1", "header", "header1.xml", first),
        ("h2", "header", "header2.xml", header),
        ("f", "footer", "footer1.xml", footer),
        ("fn", "footnotes", "footnotes.xml", notes),
    ]
    word(HERE / "docx" / "layout.docx", body, parts, [("link", "https://marrow.example")])


def resume():
    """As a program writes it."""
    import docx

    document = docx.Document()
    document.core_properties.author = "Zdenka Marrow"
    document.core_properties.last_modified_by = "python-docx"
    document.core_properties.created = document.core_properties.modified = datetime(2024, 1, 1)
    document.add_heading("Zdenka Marrow", 0)
    document.add_paragraph("2 Shore Place, Leith\nzdenka@marrow.example")
    document.add_heading("Experience", 1)
    document.add_heading("Tide surveyor, Leith Harbour Board", 2)
    document.add_paragraph("March 2019 – present").runs[0].italic = True
    for words in ["Measured the tides of nine harbours.", "Taught four apprentices to read a gauge."]:
        document.add_paragraph(words, style="List Bullet")
    document.add_paragraph("One of them at night.", style="List Bullet 2")
    document.add_heading("Languages", 1)
    grid = document.add_table(rows=1, cols=2)
    grid.rows[0].cells[0].text, grid.rows[0].cells[1].text = "Language", "Level"
    for language, level in [("English", "C2"), ("Norn", "A1")]:
        cells = grid.add_row().cells
        cells[0].text, cells[1].text = language, level
    for words in ["Look.", "Listen.", "Write."]:
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("“A tide table is a promise.”", style="Quote")
    document.sections[0].footer.paragraphs[0].text = "Updated in spring"
    buffer = io.BytesIO()
    document.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        # The thumbnail and the look of the page are most of the file, and no words.
        drop = ("docProps/thumbnail", "word/theme", "word/fontTable", "customXml")
        parts = {name: archive.read(name) for name in archive.namelist() if not name.startswith(drop)}
    pack(HERE / "docx" / "resume.docx", parts)


def odt():
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in [("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"), ("fo", "xsl-fo-compatible"), ("meta", "meta")]
    )
    names += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    content = f"""{HEAD}<office:document-content {names}><office:automatic-styles>
<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>
<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>
</office:automatic-styles><office:body><office:text>
<text:tracked-changes><text:changed-region><text:deletion><text:p>never</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:p text:style-name="P1">Zdenka Marrow</text:p>
<text:h text:outline-level="2">Work</text:h>
<text:p>Keeps<text:s text:c="2"/>tide<text:tab/>tables<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>By the office.</text:p></text:note-body></text:note>,
see <text:a xlink:href="https://marrow.example">her page</text:a>.<text:line-break/><text:span text:style-name="T1">secret</text:span>Leith<draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box></draw:frame></text:p>
<text:list text:style-name="L1"><text:list-item><text:p>Look</text:p><text:list><text:list-item><text:p>twice</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>Write</text:p></text:list-item></text:list>
<table:table><table:table-row><table:table-cell><text:p>Year</text:p></table:table-cell><table:table-cell><text:p>Tide</text:p></table:table-cell></table:table-row></table:table>
</office:text></office:body></office:document-content>"""
    styles = f"""{HEAD}<office:document-styles {names}><office:master-styles><style:master-page style:name="Standard">
<style:header><text:p>zdenka@marrow.example</text:p></style:header></style:master-page></office:master-styles></office:document-styles>"""
    meta = f"""{HEAD}<office:document-meta {names}><office:meta><dc:creator>Zdenka Marrow</dc:creator></office:meta></office:document-meta>"""
    pack(
        HERE / "odt" / "resume.odt",
        {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content, "styles.xml": styles, "meta.xml": meta},
    )


if __name__ == "__main__":
    layout()
    resume()
    odt()
