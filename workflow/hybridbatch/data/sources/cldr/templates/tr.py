"""Turkish templates: case endings go on a noun after the name, never on the name."""

from hybridbatch.data.sources.cldr.templates.base import Templates

CROSS_REFERENCES = (
    " Ayrıca “{other}” maddesine bakınız.",
    " “{other}” maddesiyle karşılaştırınız.",
)

TEMPLATES = {
    "currency": Templates(
        questions=(
            "“{entity}” ülkesinde bugün yasal ödeme aracı olan para hangisidir?",
            "“{entity}” ülkesinde insanlar neyle ödeme yapar?",
            "“{entity}” ülkesinde fiyatlar hangi para birimiyle gösterilir?",
        ),
        passages=(
            "“{entity}” ülkesindeki mağazalar ve bankalar “{value}” para birimiyle çalışır.",
            "“{entity}” ülkesinin yasal ödeme aracına “{value}” denir.",
            "“{entity}” ülkesine giden herkesin “{value}” para birimine ihtiyacı olur.",
        ),
    ),
    "currency_since": Templates(
        questions=(
            "“{entity}” ülkesi bugünkü para birimini ne zamandan beri kullanıyor?",
            "“{entity}” ülkesinde şimdi kullanılan para hangi yıl çıkarıldı?",
            "“{entity}” ülkesinin şu anki yasal ödeme aracı hangi yıldan kalmadır?",
        ),
        passages=(
            "“{entity}” ülkesinde bugün kullanılan para {value} yılından beri geçerlidir.",
            "“{entity}” ülkesi şimdiki yasal ödeme aracını {value} yılında benimsedi.",
            "“{entity}” ülkesinde yürürlükte olan para biriminin geçmişi {value} yılına uzanır.",
        ),
    ),
    "former_currency": Templates(
        questions=(
            "“{entity}” ülkesi şimdiki parası için hangi para biriminden vazgeçti?",
            "“{entity}” ülkesinde son para değişikliğinden önce neyle ödeme yapılırdı?",
            "“{entity}” ülkesinin önceki yasal ödeme aracının adı neydi?",
        ),
        passages=(
            "“{entity}” ülkesinde fiyatlar eskiden, orada artık kullanılmayan "
            "“{value}” ile belirtilirdi.",
            "Değiştirilene kadar “{entity}” ülkesinin parası “{value}” idi.",
            "“{value}” para birimi “{entity}” ülkesinde artık geçmişte kaldı.",
        ),
    ),
    "official_language": Templates(
        questions=(
            "“{entity}” ülkesinin resmî dili nedir?",
            "“{entity}” ülkesinde devlet yasalarını hangi dilde yayımlar?",
            "“{entity}” ülkesindeki yetkililer hangi dili kullanır?",
        ),
        passages=(
            "“{entity}” ülkesinde devlet daireleri “{value}” dilinde çalışır.",
            "“{value}” dili “{entity}” ülkesinde resmî statüye sahiptir.",
            "“{entity}” ülkesinde devletin dili “{value}” dilidir.",
        ),
    ),
    "spoken_language": Templates(
        questions=(
            "“{entity}” ülkesinde insanların çoğu hangi dili bilir?",
            "“{entity}” ülkesinde en yaygın dil hangisidir?",
            "“{entity}” ülkesinde en çok konuşanı olan dil hangisidir?",
        ),
        passages=(
            "“{entity}” ülkesinde “{value}” dilini bilenlerin sayısı, "
            "başka her dili bilenlerden fazladır.",
            "Nüfus içindeki payına göre “{entity}” ülkesinde ilk sırada “{value}” gelir.",
            "“{value}” diliyle “{entity}” ülkesindeki insanların en büyük kısmına ulaşılır.",
        ),
    ),
    "first_day": Templates(
        questions=(
            "“{entity}” ülkesinde hafta hangi gün başlar?",
            "“{entity}” ülkesindeki takvimlerde hangi gün başta yer alır?",
            "“{entity}” ülkesinde haftanın ilk günü hangi gün sayılır?",
        ),
        passages=(
            "“{entity}” ülkesinde hafta {value} günü başlar.",
            "“{entity}” ülkesinde basılan takvimlerin ilk sütununda {value} günü bulunur.",
            "“{entity}” ülkesinde yeni haftayı {value} günü açar.",
        ),
    ),
    "alpha3": Templates(
        questions=(
            "“{entity}” ülkesinin üç harfli ülke kodu nedir?",
            "“{entity}” ülkesinin üç harfli ISO 3166 kısaltması hangisidir?",
            "“{entity}” ülkesi uluslararası listelerde üç harfle nasıl kısaltılır?",
        ),
        passages=(
            "ISO 3166 standardında {value}, “{entity}” ülkesini gösterir.",
            "Uluslararası istatistikler “{entity}” adını {value} harfleriyle kısaltır.",
            "{value} kısaltması “{entity}” anlamına gelir.",
        ),
    ),
    "local_name": Templates(
        questions=(
            "“{entity}” ülkesine orada yaşayanlar ne ad verir?",
            "“{entity}” ülkesinin yerel dildeki adı nedir?",
            "“{entity}” ülkesinde yaşayanlar ülkelerinin adını nasıl yazar?",
        ),
        passages=(
            "“{entity}” ülkesi kendi içinde “{value}” adıyla anılır.",
            "“{entity}” ülkesinde yaşayanlar kendi haritalarına “{value}” yazar.",
            "Yurt dışında “{entity}” denen yer, orada yaşayanlar için “{value}” olur.",
        ),
    ),
    "time_zone": Templates(
        questions=(
            "“{entity}” ülkesi hangi saat diliminde yer alır?",
            "“{entity}” ülkesinde saatler hangi standart saati gösterir?",
            "“{entity}” ülkesinde insanlar saatlerini neye göre ayarlar?",
        ),
        passages=(
            "“{entity}” ülkesinin her yerinde saatler “{value}” dilimini izler.",
            "“{entity}” ülkesinde geçerli olan standart saate “{value}” denir.",
            "Saat konusunda “{entity}” ülkesi “{value}” dilimine uyar.",
        ),
    ),
    "city_territory": Templates(
        questions=(
            "“{entity}” adlı yer hangi ülkede veya bölgededir?",
            "“{entity}” adlı yer dünyanın neresindedir?",
            "“{entity}” adlı yer hangi ülkeye veya bölgeye aittir?",
        ),
        passages=(
            "“{entity}” adlı yer “{value}” haritasında bulunur.",
            "“{entity}” adlı yere yolculuk edenler “{value}” ülkesine varır.",
            "“{entity}” adlı yer “{value}” sınırları içinde kalır.",
        ),
    ),
    "city_zone": Templates(
        questions=(
            "“{entity}” adlı yerde hangi saat dilimi kullanılır?",
            "“{entity}” adlı yerin standart saatine ne ad verilir?",
            "“{entity}” adlı yerde saatler neye göre ayarlanır?",
        ),
        passages=(
            "“{entity}” adlı yerde saatler “{value}” ile işler.",
            "“{entity}” adlı yer “{value}” dilimine girer.",
            "“{entity}” adlı yere varanlar saatlerini “{value}” dilimine göre kurar.",
        ),
    ),
    "currency_code": Templates(
        questions=(
            "“{entity}” para biriminin ISO kodu nedir?",
            "Döviz tabelalarında “{entity}” para birimini hangi üç harf gösterir?",
            "Bankalar “{entity}” para birimini nasıl kısaltır?",
        ),
        passages=(
            "Bankalar “{entity}” para birimini kastettiklerinde {value} yazar.",
            "Döviz piyasasında “{entity}”, {value} harfleriyle işlem görür.",
            "ISO 4217 standardı “{entity}” para birimini {value} olarak listeler.",
        ),
    ),
    "script": Templates(
        questions=(
            "“{entity}” dili hangi yazıyla yazılır?",
            "“{entity}” dilinde yazanlar hangi karakterleri kullanır?",
            "“{entity}” dilinin yazı sistemi nedir?",
        ),
        passages=(
            "“{entity}” dilindeki metinler genellikle “{value}” yazısıyla basılır.",
            "“{entity}” dilinin alışılmış yazısına “{value}” denir.",
            "“{entity}” dilini yazmayı öğrenenler “{value}” yazısını öğrenir.",
        ),
    ),
    "language_territory": Templates(
        questions=(
            "“{entity}” dilinin yurdu hangi ülkedir?",
            "“{entity}” dili geleneksel olarak nerede konuşulur?",
            "“{entity}” dili hangi ülkeyle ilişkilendirilir?",
        ),
        passages=(
            "Ana dilin yanı sıra “{entity}” dilinin de “{value}” ülkesinde yeri vardır.",
            "“{value}” ülkesinin halkı arasında “{entity}” dilini konuşanlar bulunur.",
            "“{entity}” dilinin geleneksel yurdu “{value}” ülkesidir.",
        ),
    ),
    "own_name": Templates(
        questions=(
            "“{entity}” dilini konuşanlar ona kendileri ne ad verir?",
            "“{entity}” dilinin kendi sözcükleriyle adı nedir?",
            "“{entity}” dili, onu konuşanlarca hangi adla bilinir?",
        ),
        passages=(
            "“{entity}” dilini kastettiklerinde onu konuşanlar “{value}” der.",
            "“{entity}” dili kendine “{value}” der.",
            "Kendi yazımıyla “{entity}” dilinin adı “{value}” biçimindedir.",
        ),
    ),
    "script_territory": Templates(
        questions=(
            "“{entity}” yazısı hangi ülkeyle ilişkilendirilir?",
            "“{entity}” yazısı en çok nerede kullanılır ya da kullanılırdı?",
            "“{entity}” yazısıyla yazılmış metinler hangi ülkede aranır?",
        ),
        passages=(
            "“{entity}” yazısıyla yazılmış metinler çoğunlukla "
            "bugünkü “{value}” topraklarından gelir.",
            "“{entity}” yazısının yurdu “{value}” ülkesidir.",
            "“{entity}” yazısını inceleyenlerin “{value}” ülkesini ziyaret etmesi yerinde olur.",
        ),
    ),
}
