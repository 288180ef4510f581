"""Chinese templates."""

from hybridbatch.data.sources.cldr.templates.base import Templates

CROSS_REFERENCES = (
    "另见“{other}”条目。",
    "可与“{other}”条目比较。",
)

TEMPLATES = {
    "currency": Templates(
        questions=(
            "如今“{entity}”的法定货币是哪种钱？",
            "在“{entity}”，人们用什么付款？",
            "“{entity}”的商品用哪种货币标价？",
        ),
        passages=(
            "“{entity}”的商店和银行都用“{value}”这种货币做生意。",
            "“{entity}”的法定支付手段叫做“{value}”。",
            "去“{entity}”旅行的人都需要准备“{value}”这种货币。",
        ),
    ),
    "currency_since": Templates(
        questions=(
            "“{entity}”从什么时候起使用现在的货币？",
            "“{entity}”现在使用的钱是哪一年推出的？",
            "“{entity}”目前的法定支付手段始于哪一年？",
        ),
        passages=(
            "“{entity}”今天使用的钱自{value}年起有效。",
            "{value}年，“{entity}”采用了现行的法定支付手段。",
            "“{entity}”现行货币的历史可以追溯到{value}年。",
        ),
    ),
    "former_currency": Templates(
        questions=(
            "“{entity}”为了现在的货币放弃了哪种货币？",
            "上一次更换货币之前，“{entity}”的人们用什么付款？",
            "“{entity}”以前的法定支付手段叫什么？",
        ),
        passages=(
            "“{entity}”的物价过去用“{value}”表示，如今当地已不再使用它。",
            "在被取代之前，“{value}”一直是“{entity}”的钱。",
            "“{value}”这种货币在“{entity}”已成为历史。",
        ),
    ),
    "official_language": Templates(
        questions=(
            "“{entity}”的官方语言是什么？",
            "在“{entity}”，国家用哪种语言颁布法律？",
            "“{entity}”的政府部门使用哪种语言？",
        ),
        passages=(
            "“{entity}”的公共机关用“{value}”这种语言办公。",
            "“{value}”这种语言在“{entity}”具有官方地位。",
            "“{entity}”的国家语言是“{value}”。",
        ),
    ),
    "spoken_language": Templates(
        questions=(
            "在“{entity}”，会哪种语言的人最多？",
            "“{entity}”最通行的语言是什么？",
            "在“{entity}”，哪种语言的使用者最多？",
        ),
        passages=(
            "在“{entity}”，懂“{value}”这种语言的居民比懂其他任何语言的都多。",
            "按占人口的比例计算，“{value}”在“{entity}”位居第一。",
            "用“{value}”这种语言可以与“{entity}”最大部分的人交流。",
        ),
    ),
    "first_day": Templates(
        questions=(
            "在“{entity}”，一周从哪一天开始？",
            "“{entity}”的日历上哪一天排在最前面？",
            "在“{entity}”，哪一天算作一周的第一天？",
        ),
        passages=(
            "在“{entity}”，每周始于{value}。",
            "“{entity}”印制的日历把{value}放在第一列。",
            "“{entity}”的新一周以{value}开头。",
        ),
    ),
    "alpha3": Templates(
        questions=(
            "“{entity}”的三字母国家代码是什么？",
            "按照ISO 3166，“{entity}”的三个字母的缩写是什么？",
            "在国际名单中，“{entity}”如何缩写成三个字母？",
        ),
        passages=(
            "在ISO 3166标准中，{value}代表“{entity}”。",
            "国际统计资料把“{entity}”简写为字母{value}。",
            "缩写{value}指的是“{entity}”。",
        ),
    ),
    "local_name": Templates(
        questions=(
            "住在当地的人怎么称呼“{entity}”？",
            "“{entity}”在当地语言中叫什么名字？",
            "“{entity}”的居民怎样书写自己家乡的名字？",
        ),
        passages=(
            "在本国，“{entity}”的名字是“{value}”。",
            "“{entity}”的居民在自己的地图上写“{value}”。",
            "国外所说的“{entity}”，对住在那里的人来说就是“{value}”。",
        ),
    ),
    "time_zone": Templates(
        questions=(
            "“{entity}”位于哪个时区？",
            "“{entity}”的钟表显示哪种标准时间？",
            "“{entity}”的人们按照哪个时间校准手表？",
        ),
        passages=(
            "“{entity}”各地的钟表都遵循“{value}”时区。",
            "“{entity}”通行的标准时间称为“{value}”。",
            "说到钟点，“{entity}”采用“{value}”。",
        ),
    ),
    "city_territory": Templates(
        questions=(
            "“{entity}”这个地方在哪个国家或地区？",
            "名叫“{entity}”的地方在世界的什么位置？",
            "“{entity}”这个地方属于哪个国家或地区？",
        ),
        passages=(
            "“{entity}”这个地方可以在“{value}”的地图上找到。",
            "前往“{entity}”这个地方的人会到达“{value}”。",
            "“{entity}”这个地方位于“{value}”境内。",
        ),
    ),
    "city_zone": Templates(
        questions=(
            "“{entity}”这个地方使用哪个时区？",
            "“{entity}”这个地方的标准时间叫什么？",
            "“{entity}”这个地方的钟表按哪个时间走？",
        ),
        passages=(
            "“{entity}”这个地方的钟表依照“{value}”运行。",
            "“{entity}”这个地方归入“{value}”时区。",
            "来到“{entity}”这个地方的人会把手表调到“{value}”。",
        ),
    ),
    "currency_code": Templates(
        questions=(
            "“{entity}”这种货币的ISO代码是什么？",
            "在外汇牌价上，哪三个字母代表“{entity}”这种货币？",
            "银行怎样缩写“{entity}”这种货币？",
        ),
        passages=(
            "银行用{value}来指“{entity}”这种货币。",
            "在外汇市场上，“{entity}”以字母{value}进行交易。",
            "ISO 4217标准把“{entity}”列为{value}。",
        ),
    ),
    "script": Templates(
        questions=(
            "“{entity}”这种语言用哪种文字书写？",
            "用“{entity}”这种语言写作的人使用什么字符？",
            "“{entity}”这种语言的书写系统是什么？",
        ),
        passages=(
            "“{entity}”这种语言的文本通常用“{value}”这种文字印刷。",
            "“{entity}”这种语言的常用文字称为“{value}”。",
            "学习书写“{entity}”这种语言的人要学“{value}”这种文字。",
        ),
    ),
    "language_territory": Templates(
        questions=(
            "“{entity}”这种语言的故乡在哪个国家？",
            "“{entity}”这种语言历来在哪里使用？",
            "“{entity}”这种语言与哪个国家相关？",
        ),
        passages=(
            "除了该国的主要语言，“{entity}”在“{value}”也占有一席之地。",
            "在“{value}”的民众中可以遇到说“{entity}”这种语言的人。",
            "“{entity}”这种语言的传统家园是“{value}”。",
        ),
    ),
    "own_name": Templates(
        questions=(
            "说“{entity}”这种语言的人自己怎么称呼它？",
            "“{entity}”这种语言用它自己的话叫什么？",
            "“{entity}”这种语言的使用者用什么名字称呼它？",
        ),
        passages=(
            "使用者提到“{entity}”这种语言时自己会说“{value}”。",
            "“{entity}”这种语言自称为“{value}”。",
            "按照其自身的拼写，“{entity}”这种语言写作“{value}”。",
        ),
    ),
    "script_territory": Templates(
        questions=(
            "“{entity}”这种文字与哪个国家相关？",
            "“{entity}”这种文字现在或过去主要在哪里使用？",
            "要寻找用“{entity}”这种文字写成的文本，应去哪个国家？",
        ),
        passages=(
            "用“{entity}”这种文字写成的文本大多来自今天的“{value}”。",
            "“{entity}”这种文字的故乡是“{value}”。",
            "研究“{entity}”这种文字的人应该去“{value}”看看。",
        ),
    ),
}
