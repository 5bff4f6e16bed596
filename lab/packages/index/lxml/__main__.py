from lxml import etree, html, isoschematron, objectify

catalogue = etree.fromstring("<books><book year='1851'>Moby-Dick</book><book year='1847'>Jane Eyre</book></books>")
print(catalogue.xpath("//book[@year < 1850]/text()"))
sheet = etree.XSLT(
    etree.fromstring("""
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="text"/>
  <xsl:template match="book"><xsl:value-of select="concat(., ';')"/></xsl:template>
</xsl:stylesheet>""")
)
print(str(sheet(catalogue)))
print(objectify.fromstring("<a><b>3</b></a>").b + 4)
print(html.fromstring("<p>one<br>two <a href='/x'>x").make_links_absolute("http://host/") or "links")
print(html.tostring(html.fragment_fromstring("<p>one<br>two</p>")).decode())
# Its rules lie beside the module, and libxml2 itself opens them.
rules = isoschematron.Schematron(
    etree.fromstring("""
<schema xmlns="http://purl.oclc.org/dsdl/schematron">
  <pattern><rule context="book"><assert test="@year">no year</assert></rule></pattern>
</schema>""")
)
print(rules.validate(catalogue), rules.validate(etree.fromstring("<books><book/></books>")))
